import type { PolicyRun, PolicySummary } from "../../model.ts";
import type { ReportOptions } from "../format.ts";
import { compare } from "../order.ts";
import { html, type Markup } from "./markup.ts";

const width = 720;
const height = 240;
const left = 52;
const right = 190;
const top = 16;
const bottom = 34;
const labelHeight = 17;
const shownRuns = 60;

interface Series {
  readonly title: string;
  readonly shares: readonly (number | undefined)[];
}

/** How the evidenced share of each framework went over earlier runs: a chart, and its numbers as a table. */
export function trendSection(run: PolicyRun, { previous = [] }: ReportOptions): Markup {
  // Of a day, the latest run stands for it.
  const day = run.summary.at.slice(0, 10);
  const runs = [...previous.filter(({ at }) => at.slice(0, 10) !== day), run.summary]
    .sort((one, other) => compare(one.at, other.at))
    .slice(-shownRuns);
  if (runs.length < 2) return html``;
  const series = run.summary.frameworks.map(({ framework, title }) => ({
    title,
    shares: runs.map((summary) => shareOf(summary, framework)),
  }));
  return html`<section aria-labelledby="trend">
    <h2 id="trend">Trend</h2>
    <p>Evidenced share of the machine-checkable requirements, run by run.</p>
    <div class="scroll" role="group" aria-label="Chart" tabindex="0">${chart(runs, series)}</div>
    <details>
      <summary>The numbers of the chart</summary>
      ${numbers(runs, run)}
    </details>
  </section>`;
}

function shareOf({ frameworks }: PolicySummary, framework: string): number | undefined {
  const found = frameworks.find((one) => one.framework === framework);
  return found === undefined || found.checkable === 0 ? undefined : found.evidenced / found.checkable;
}

function chart(runs: readonly PolicySummary[], series: readonly Series[]): Markup {
  const labels = placeLabels(series);
  return html`<svg
    class="trend"
    viewBox="0 0 ${width} ${height}"
    width="${width}"
    height="${height}"
    role="img"
    aria-label="Evidenced share by framework over ${runs.length} runs; the numbers are in the table below"
  >
    ${[0, 25, 50, 75, 100].map((percent) => html`<line class="grid" x1="${left}" x2="${width - right}" y1="${y(percent / 100)}" y2="${y(percent / 100)}" /><text class="axis" x="${left - 8}" y="${y(percent / 100) + 4}" text-anchor="end">${percent} %</text>`)}
    ${dates(runs)} ${series.map(({ shares }, index) => line(shares, index, runs.length))}
    ${labels.map(({ title, at, index }) => html`<text class="label l-${index % 6}" x="${width - right + 12}" y="${at + 4}">${title}</text>`)}
  </svg>`;
}

function x(index: number, length: number): number {
  return round(left + (index / Math.max(1, length - 1)) * (width - left - right));
}

function y(share: number): number {
  return round(top + (1 - share) * (height - top - bottom));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function dates(runs: readonly PolicySummary[]): readonly Markup[] {
  const every = Math.max(1, Math.ceil(runs.length / 5));
  return runs.flatMap(({ at }, index) =>
    index % every === 0
      ? [
          html`<text class="axis" x="${x(index, runs.length)}" y="${height - 10}" text-anchor="middle"
            >${at.slice(0, 10)}</text
          >`,
        ]
      : [],
  );
}

function line(shares: readonly (number | undefined)[], index: number, length: number): Markup {
  const points = shares.flatMap((share, at) =>
    share === undefined ? [] : [[x(at, length), y(share)] as const],
  );
  const path = points.map(([px, py], at) => `${at === 0 ? "M" : "L"}${px} ${py}`).join("");
  return html`<path
      class="line l-${index % 6}"
      d="${path}"
    />${points.map(([px, py]) => html`<circle class="dot l-${index % 6}" cx="${px}" cy="${py}" r="3" />`)}`;
}

/** Puts each name beside the end of its line, moved where two would overlap, and above the dates. */
function placeLabels(series: readonly Series[]): readonly { title: string; at: number; index: number }[] {
  const wanted = series
    .map(({ title, shares }, index) => {
      const share = shares.at(-1);
      const percent = share === undefined ? "–" : `${Math.round(share * 100)} %`;
      return { title: `${title.slice(0, 20)} ${percent}`, at: y(share ?? 0), index };
    })
    .sort((one, other) => one.at - other.at);
  let lowest = -Infinity;
  const placed = wanted.map((label) => {
    lowest = Math.max(label.at, lowest + labelHeight);
    return { ...label, at: lowest };
  });
  const over = Math.max(0, lowest - (height - bottom));
  return placed.map((label) => ({ ...label, at: label.at - over }));
}

function numbers(runs: readonly PolicySummary[], { summary }: PolicyRun): Markup {
  return html`<div class="scroll" role="group" aria-label="The numbers of the chart" tabindex="0">
    <table>
      <caption class="sr">
        Evidenced requirements by run and framework
      </caption>
      <thead>
        <tr>
          <th scope="col">Run</th>
          ${summary.frameworks.map(({ title }) => html`<th scope="col" class="num">${title}</th>`)}
          <th scope="col" class="num">Failures</th>
        </tr>
      </thead>
      <tbody>
        ${runs.map(
          (one) =>
            html`<tr>
              <th scope="row" class="when">${one.at.slice(0, 16).replace("T", " ")}</th>
              ${summary.frameworks.map(({ framework }) => {
                const found = one.frameworks.find((other) => other.framework === framework);
                return html`<td class="num">
                  ${found === undefined ? "–" : `${found.evidenced} of ${found.checkable}`}
                </td>`;
              })}
              <td class="num">${one.counts.fail}</td>
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`;
}
