import type { AppliedWaiver, CheckResult, Evidence } from "../../model.ts";
import { compare, type ResultGroup } from "../order.ts";
import { count, placeText, requirementText, scopeText, sentence, statusText } from "../text.ts";
import { html, type Markup } from "./markup.ts";

const openScopes = 12;

/** Every finding with its evidence and remedy, behind filters that need a script and stay hidden without. */
export function findingsSection(groups: readonly ResultGroup[]): Markup {
  return html`<section aria-labelledby="findings">
    <h2 id="findings">Findings</h2>
    ${groups.length === 0 ? html`<p>None.</p>` : html`${filters(groups)} ${groups.map(finding)}`}
  </section>`;
}

function filters(groups: readonly ResultGroup[]): Markup {
  const all = groups.flatMap(({ members }) => members);
  const frameworks = all.flatMap(({ requirements }) => requirements.map(({ framework }) => framework));
  const tenants = all.flatMap(({ tenant }) => (tenant === null ? [] : [tenant]));
  return html`<form id="filters" class="filters" aria-label="Filter the findings" hidden>
    ${select(
      "status",
      "Status",
      unique(
        groups.map(({ result }) => result.status),
        false,
      ),
    )}
    ${select(
      "severity",
      "Severity",
      unique(
        groups.map(({ result }) => result.severity),
        false,
      ),
    )}
    ${select("framework", "Framework", unique(frameworks))} ${select("tenant", "Tenant", unique(tenants))}
    <p class="field">
      <label for="f-text">Text</label><input id="f-text" name="text" type="search" autocomplete="off" />
    </p>
    <p class="field"><button type="reset">Show all</button></p>
    <p id="shown" class="quiet" role="status"></p>
  </form>`;
}

function select(name: string, label: string, values: readonly string[]): Markup {
  return html`<p class="field">
    <label for="f-${name}">${label}</label
    ><select id="f-${name}" name="${name}">
      <option value="">all</option>
      ${values.map((value) => html`<option value="${value}">${statusLabel(value)}</option>`)}
    </select>
  </p>`;
}

function statusLabel(value: string): string {
  return value === "not-applicable" ? statusText[value] : value;
}

function unique(values: readonly string[], sorted = true): readonly string[] {
  const found = [...new Set(values)];
  return sorted ? found.sort(compare) : found;
}

function finding({ result, members, requirements }: ResultGroup, index: number): Markup {
  const frameworks = unique(requirements.map(({ framework }) => framework));
  const tenants = unique(members.flatMap(({ tenant }) => (tenant === null ? [] : [tenant])));
  const id = `finding-${index + 1}`;
  return html`<article
    class="finding s-${result.status}"
    aria-labelledby="${id}"
    data-status="${result.status}"
    data-severity="${result.severity}"
    data-framework="${JSON.stringify(frameworks)}"
    data-tenant="${JSON.stringify(tenants)}"
  >
    <h3 id="${id}">${result.title}</h3>
    <p class="chips">
      <span class="chip s-${result.status}">${statusText[result.status]}</span>
      <span class="chip v-${result.severity}">${result.severity}</span> <code>${result.check}</code>
    </p>
    <p class="message">${sentence(result.message)}</p>
    <p class="remedy"><strong>What to do:</strong> ${sentence(result.remedy)}</p>
    ${result.waiver !== null && waiverNote(result.waiver)} ${evidenceTable(result.evidence, id)}
    <dl class="facts">
      ${
        requirements.length > 0 &&
        html`<div>
          <dt>Evidence for</dt>
          <dd>
            ${requirements.map((one) => html`<span class="tag" ${one.tentative === true && html` title="The mapping still wants reading against the standard's own text"`}>${requirementText(one)}${one.tentative === true && " (tentative)"}</span> `)}
          </dd>
        </div>`
      }
      <div>
        <dt>In</dt>
        <dd>${scopeList(members)}</dd>
      </div>
    </dl>
  </article> `;
}

function waiverNote({ id, file, owner, reason, approver, expires }: AppliedWaiver): Markup {
  return html`<p class="waiver">
    <strong>Waived until <time datetime="${expires}">${expires}</time>:</strong> ${reason}
    <span class="quiet"
      >Owner ${owner}, approved by ${approver}, <code>${id}</code> in <code>${file}</code></span
    >
  </p>`;
}

function evidenceTable(evidence: readonly Evidence[], id: string): Markup {
  if (evidence.length === 0) return html`<p class="quiet">No evidence: the facts are missing.</p>`;
  return html`<table class="evidence stack">
    <caption class="sr">
      Evidence of ${id.replace("-", " ")}
    </caption>
    <thead>
      <tr>
        <th scope="col">Path</th>
        <th scope="col">Value</th>
        <th scope="col">Layer</th>
        <th scope="col">Place</th>
      </tr>
    </thead>
    <tbody>
      ${evidence.map(
        (one) =>
          html`<tr>
            <td><code>${one.path}</code></td>
            <td>
              ${one.shown === undefined ? html`<span class="quiet">not shown</span>` : html`<code>${one.shown}</code>`}${one.valueHash !== undefined && html` <span class="hash" title="SHA-256 of the value: ${one.valueHash}">#${one.valueHash.slice(0, 8)}</span>`}
            </td>
            <td>${one.layer ?? one.source ?? ""}</td>
            <td>${place(one)}</td>
          </tr> `,
      )}
    </tbody>
  </table>`;
}

function place(one: Evidence): Markup {
  const text = placeText(one);
  return text === ""
    ? html`<span class="quiet">${one.at === undefined ? "no file" : `observed ${one.at}`}</span>`
    : html`<code>${text}</code>`;
}

function scopeList(members: readonly CheckResult[]): Markup {
  const items = members.map((member) => html`<span class="tag"><bdi>${scopeText(member)}</bdi></span> `);
  if (members.length <= openScopes) return html`${items}`;
  return html`<details>
    <summary>${count(members.length, "environment")}</summary>
    ${items}
  </details>`;
}
