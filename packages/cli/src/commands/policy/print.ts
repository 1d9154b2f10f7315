import {
  evidencedText,
  groupResults,
  isFinding,
  placeText,
  requirementText,
  scopeText,
  sentence,
  type PolicyRun,
  type ResultGroup,
} from "@lotse/core/app";
import type { Colours } from "../../context.ts";
import { table } from "../../output/table.ts";

const shownScopes = 6;

/** Writes a run for people: every finding, then what the frameworks have. */
export function runText(run: PolicyRun, colours: Colours): string {
  const findings = groupResults(run.results.filter(isFinding)).map((group) => findingText(group, colours));
  const rows = run.summary.frameworks.map(({ title, evidenced, checkable, counts }) => [
    title,
    evidencedText(evidenced, checkable),
    counts.fail === 0 ? "0" : colours.red(String(counts.fail)),
    String(counts.unknown + counts.manual),
    String(counts.waived),
  ]);
  return [
    ...findings,
    table(["FRAMEWORK", "EVIDENCE", "FAIL", "UNDECIDED", "WAIVED"], rows),
    verdict(run, colours),
  ].join("\n");
}

function findingText({ result, members, requirements }: ResultGroup, colours: Colours): string {
  const { status, severity, check, message, remedy, waiver, evidence } = result;
  const paint = status === "fail" ? colours.red : status === "waived" ? colours.cyan : colours.yellow;
  const lines = [
    `${paint(status)} ${colours.bold(check)} ${colours.dim(`(${severity})`)} ${sentence(message)}`,
    `    in ${scopes(members.map(scopeText))}`,
    ...evidence
      .slice(0, 5)
      .map((one) => `    ${[one.path, one.layer, placeText(one)].filter(Boolean).join("  ")}`),
    ...(requirements.length === 0
      ? []
      : [`    ${colours.dim(`evidence for ${requirements.map(requirementText).join(", ")}`)}`]),
    ...(waiver === null
      ? [`    ${colours.cyan("remedy:")} ${remedy}`]
      : [`    waived until ${waiver.expires} by ${waiver.approver}: ${waiver.reason}`]),
  ];
  return `${lines.join("\n")}\n`;
}

function scopes(names: readonly string[]): string {
  const left = names.length - shownScopes;
  return `${names.slice(0, shownScopes).join(", ")}${left > 0 ? ` and ${left} more` : ""}`;
}

function verdict({ summary }: PolicyRun, colours: Colours): string {
  const { counts, ok } = summary;
  const parts = [
    `${counts.fail} failed`,
    `${counts.unknown} unknown`,
    `${counts.waived} waived`,
    `${counts.pass} passed`,
  ];
  return `${ok ? colours.green("passed") : colours.red("failed")}: ${summary.checks} checks, ${summary.scopes} environments of tenants: ${parts.join(", ")}\n`;
}
