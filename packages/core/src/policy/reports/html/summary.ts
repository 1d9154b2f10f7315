import type { FrameworkSummary, PolicyRun } from "../../model.ts";
import { scopeRows, type Cell, type ScopeRow } from "../requirements.ts";
import { count, evidencedText } from "../text.ts";
import { html, type Markup } from "./markup.ts";

/** Rows of the matrix; beyond them a browser takes seconds, and the JSON has them all. */
const shownRows = 1000;

/** A card for each framework: how many of its requirements are evidenced, and what is in the way. */
export function frameworkCards({ summary }: PolicyRun): Markup {
  return html`<section aria-labelledby="frameworks">
    <h2 id="frameworks">Frameworks</h2>
    <ul class="cards">
      ${summary.frameworks.map(card)}
    </ul>
  </section>`;
}

function card({ title, checkable, evidenced, counts }: FrameworkSummary): Markup {
  const open = counts.unknown + counts.manual;
  return html`<li class="card">
    <h3>${title}</h3>
    <p class="big" aria-hidden="true"><strong>${evidenced}</strong><span>/${checkable}</span></p>
    ${bar(evidenced, checkable)}
    <p>${evidencedText(evidenced, checkable)}</p>
    <p class="quiet">${count(counts.fail, "failure")} · ${open} undecided · ${counts.waived} waived</p>
  </li>`;
}

// Drawn, not styled: the policy of the page allows no style attributes.
function bar(part: number, whole: number): Markup {
  const width = whole === 0 ? 0 : Math.round((part / whole) * 1000) / 10;
  return html`<svg
    class="bar"
    viewBox="0 0 100 4"
    preserveAspectRatio="none"
    aria-hidden="true"
    focusable="false"
  >
    <rect class="bar-whole" width="100" height="4" />
    <rect class="bar-part" width="${width}" height="4" />
  </svg>`;
}

/** The matrix of environments' tenants and frameworks. */
export function tenantMatrix(run: PolicyRun): Markup {
  const rows = scopeRows(run);
  const { frameworks } = run.summary;
  const left = rows.length - shownRows;
  return html`<section aria-labelledby="tenants">
    <h2 id="tenants">Tenants</h2>
    <p>
      Evidenced requirements of each framework that applies to the tenant. A dash means that it does not
      apply.
    </p>
    <div class="scroll tall" role="group" aria-label="Tenants by framework" tabindex="0">
      <table class="matrix">
        <thead>
          <tr>
            <th scope="col">Tenant</th>
            <th scope="col">Environment</th>
            <th scope="col" class="num">Failures</th>
            <th scope="col" class="num">Undecided</th>
            ${frameworks.map(({ title }) => html`<th scope="col" class="num">${title}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.slice(0, shownRows).map((row) => scopeRow(row, frameworks))}
        </tbody>
      </table>
    </div>
    ${left > 0 && html`<p class="quiet">${count(left, "further tenant's environment", "further tenants' environments")} with no more failures than these.</p>`}
  </section>`;
}

function scopeRow(row: ScopeRow, frameworks: readonly FrameworkSummary[]): Markup {
  return html`<tr>
    <th scope="row"><bdi>${row.tenant ?? "no tenant"}</bdi></th>
    <td><bdi>${row.environment}</bdi></td>
    <td class="num">${row.failing}</td>
    <td class="num">${row.unknown}</td>
    ${frameworks.map(({ framework }) => cell(row.cells.get(framework)))}
  </tr> `;
}

function cell(found: Cell | undefined): Markup {
  if (found === undefined)
    return html`<td class="num none">
      <span aria-hidden="true">–</span><span class="sr">does not apply</span>
    </td>`;
  const { evidenced, checkable, failing } = found;
  const state = evidenced === checkable ? "full" : failing > 0 ? "failing" : "open";
  const word = state === "full" ? "" : state === "failing" ? " with failures" : " undecided";
  const mark = state === "full" ? "✓" : state === "failing" ? "✗" : "?";
  // A narrow form for the eye, as many frameworks have to fit on paper, and words for a screen reader.
  return html`<td class="num c-${state}">
    <span aria-hidden="true"><span class="mark">${mark}</span> ${evidenced}/${checkable}</span
    ><span class="sr">${evidenced} of ${checkable}${word}</span>
  </td>`;
}
