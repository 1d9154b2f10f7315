import type { CheckResult, Evidence, PolicyRun } from "../model.ts";
import type { ReportOptions } from "./format.ts";
import { groupResults, isFinding, type ResultGroup } from "./order.ts";
import { scopeRows, type ScopeRow } from "./requirements.ts";
import {
  count,
  defaultTitle,
  evidencedText,
  placeText,
  printable,
  requirementText,
  scopeText,
  sentence,
  statusText,
} from "./text.ts";

const shownScopes = 20;
const shownRows = 200;

/** Writes a run for a pull request or a wiki: summary by framework and by tenant, then every finding. */
export function renderMarkdown(run: PolicyRun, options: ReportOptions): string {
  const findings = groupResults(run.results.filter(isFinding));
  return [
    `# ${inline(options.title ?? defaultTitle)}`,
    verdict(run, options),
    "## Frameworks",
    frameworks(run),
    "## Tenants",
    tenants(run),
    "## Findings",
    findings.length === 0 ? "None." : findings.map(finding).join("\n\n"),
  ]
    .join("\n\n")
    .concat("\n");
}

function verdict({ summary }: PolicyRun, { version }: ReportOptions): string {
  const { counts } = summary;
  const parts = (["fail", "unknown", "manual", "waived", "pass", "not-applicable"] as const)
    .filter((status) => counts[status] > 0)
    .map((status) => `${counts[status]} ${statusText[status]}`);
  return [
    `**${summary.ok ? "Nothing stands in the way." : "There is something to do."}** ${count(summary.checks, "check")} of ${count(summary.scopes, "environment")}: ${parts.join(", ") || "no results"}${summary.strict ? "; what is unknown counts as failed" : ""}.`,
    `Judged ${inline(summary.at)} by Lotse ${inline(version)}.`,
  ].join("\n\n");
}

function frameworks({ summary }: PolicyRun): string {
  return table(
    ["framework", "evidence", "fail", "unknown", "waived"],
    summary.frameworks.map((one) => [
      one.title,
      evidencedText(one.evidenced, one.checkable),
      String(one.counts.fail),
      String(one.counts.unknown + one.counts.manual),
      String(one.counts.waived),
    ]),
  );
}

function tenants(run: PolicyRun): string {
  const rows = scopeRows(run);
  const names = run.summary.frameworks.map(({ framework }) => framework);
  const left = rows.length - shownRows;
  return [
    table(
      ["environment", ...run.summary.frameworks.map(({ title }) => title), "fail", "unknown"],
      rows
        .slice(0, shownRows)
        .map((row) => [
          row.scope,
          ...names.map((name) => cell(row, name)),
          String(row.failing),
          String(row.unknown),
        ]),
    ),
    ...(left > 0 ? [`${count(left, "further environment")} with no more failures than these.`] : []),
  ].join("\n\n");
}

function cell({ cells }: ScopeRow, framework: string): string {
  const found = cells.get(framework);
  return found === undefined ? "–" : `${found.evidenced} of ${found.checkable}`;
}

function finding({ result, members, requirements }: ResultGroup): string {
  const { waiver } = result;
  const lines = [
    `### ${inline(result.title)} (${statusText[result.status]}, ${result.severity})`,
    "",
    inline(sentence(result.message)),
    "",
    `- Check: ${code(result.check)}`,
    `- In: ${scopes(members)}`,
    ...(requirements.length === 0
      ? []
      : [`- Evidence for: ${requirements.map((one) => inline(requirementText(one))).join(", ")}`]),
    ...result.evidence.map((one) => `- Evidence: ${evidence(one)}`),
    `- Remedy: ${inline(sentence(result.remedy))}`,
    ...(waiver === null
      ? []
      : [
          `- Waiver ${code(waiver.id)} until ${waiver.expires}: ${inline(waiver.reason)} (owner ${inline(waiver.owner)}, approved by ${inline(waiver.approver)}, ${code(waiver.file)})`,
        ]),
  ];
  return lines.join("\n");
}

function scopes(members: readonly CheckResult[]): string {
  const shown = members.slice(0, shownScopes).map((member) => code(scopeText(member)));
  const left = members.length - shown.length;
  return `${shown.join(", ")}${left > 0 ? ` and ${left} more` : ""}`;
}

function evidence(one: Evidence): string {
  const place = placeText(one);
  return [
    code(one.path),
    ...(one.shown === undefined ? [] : [`= ${code(one.shown)}`]),
    ...(one.layer === undefined ? [] : [`from layer ${code(one.layer)}`]),
    ...(place === "" ? [] : [`at ${code(place)}`]),
  ].join(" ");
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.map(inline).join(" | ")} |`;
  return [row(headings), `|${headings.map(() => "---|").join("")}`, ...rows.map(row)].join("\n");
}

/** Text that no renderer takes for markup: neither Markdown nor HTML, and on one line. */
function inline(text: string): string {
  return printable(text)
    .replaceAll(/\s+/gu, " ")
    .trim()
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(/[\\`*_[\]|~#!]/gu, String.raw`\$&`);
}

/** Text in a code span, with a fence that it does not contain. */
function code(text: string): string {
  const one = printable(text).replaceAll(/\s+/gu, " ").trim().replaceAll("|", "¦");
  const longest = Math.max(0, ...[...one.matchAll(/`+/gu)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return one.startsWith("`") || one.endsWith("`") ? `${fence} ${one} ${fence}` : `${fence}${one}${fence}`;
}
