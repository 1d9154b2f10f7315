import type { CheckResult, PolicyRun, Status } from "../../model.ts";
import { groupResults, unitedRequirements } from "../order.ts";
import { count, placeText, requirementText } from "../text.ts";
import { html, type Markup } from "./markup.ts";

/**
 * What passes, and what does not apply: one row for each check, with the evidence that an auditor samples.
 */
export function passedSections({ results }: PolicyRun): Markup {
  const passed = byCheck(results, "pass");
  const idle = byCheck(results, "not-applicable");
  return html`<section aria-labelledby="passed">
      <h2 id="passed">Passed</h2>
      ${passed.length === 0 ? html`<p>None.</p>` : checkTable(passed, "Passed checks")}
    </section>
    ${
      idle.length > 0 &&
      html`<section aria-labelledby="idle">
        <h2 id="idle">Not applicable</h2>
        <details>
          <summary>${count(idle.length, "check")} that a scope has nothing for</summary>
          ${checkTable(idle, "Checks that do not apply")}
        </details>
      </section>`
    }`;
}

function byCheck(results: readonly CheckResult[], status: Status): readonly (readonly CheckResult[])[] {
  const found = new Map<string, CheckResult[]>();
  for (const { members } of groupResults(results.filter((result) => result.status === status))) {
    const check = members[0]?.check ?? "";
    found.set(check, [...(found.get(check) ?? []), ...members]);
  }
  return [...found.values()];
}

function checkTable(rows: readonly (readonly CheckResult[])[], label: string): Markup {
  return html`<div class="scroll" role="group" aria-label="${label}" tabindex="0">
    <table class="passed stack">
      <thead>
        <tr>
          <th scope="col">Check</th>
          <th scope="col" class="num">Environments</th>
          <th scope="col">Evidence for</th>
          <th scope="col">A piece of its evidence</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(row)}
      </tbody>
    </table>
  </div>`;
}

function row(members: readonly CheckResult[]): Markup {
  const [first] = members;
  if (first === undefined) return html``;
  const requirements = unitedRequirements(members).map(requirementText).join(", ");
  const sample = first.evidence[0];
  const place = sample === undefined ? "" : placeText(sample);
  return html`<tr>
    <th scope="row">${first.title}<br /><code>${first.check}</code></th>
    <td class="num">${members.length}</td>
    <td>${requirements}</td>
    <td>
      ${sample !== undefined && html`<code>${sample.path}</code>${sample.shown !== undefined && html` = <code>${sample.shown}</code>`}${place !== "" && html`<br /><span class="quiet">${place}</span>`}`}
    </td>
  </tr> `;
}
