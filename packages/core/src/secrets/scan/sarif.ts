import type { Severity } from "../../kernel/index.ts";
import type { AcceptedFinding } from "./baseline.ts";
import type { Finding } from "./finding.ts";

/** What a SARIF file is made from. */
export interface SarifRequest {
  readonly findings: readonly Finding[];
  /** Findings that a baseline accepts; they stand in the file as suppressed. */
  readonly accepted?: readonly AcceptedFinding[];
  /** Lotse's version. */
  readonly version: string;
}

/** A SARIF log; a plain value for `JSON.stringify`. */
export type SarifLog = Readonly<Record<string, unknown>>;

/**
 * Writes findings as SARIF 2.1.0, which code hosts show beside the lines.
 *
 * @see https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 */
export function toSarif({ findings, accepted = [], version }: SarifRequest): SarifLog {
  const all = [...findings, ...accepted.map(({ finding }) => finding)];
  const rules = [...new Map(all.map((finding) => [finding.rule, finding])).values()];
  const indexOf = new Map(rules.map(({ rule }, index) => [rule, index]));
  const result = (finding: Finding): SarifLog => resultOf(finding, indexOf.get(finding.rule) ?? -1);
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "lotse", version, rules: rules.map(ruleOf) } },
        columnKind: "utf16CodeUnits",
        originalUriBaseIds: { ROOT: { description: { text: "the directory that was scanned" } } },
        results: [
          ...findings.map(result),
          ...accepted.map(({ finding, entry }) => ({
            ...result(finding),
            suppressions: [
              {
                kind: "external",
                status: "accepted",
                justification: `${entry.reason} (${entry.owner}, until ${entry.expires})`,
              },
            ],
          })),
        ],
      },
    ],
  };
}

function ruleOf({ rule, severity, message, hint }: Finding): SarifLog {
  // The length in parentheses belongs to one finding.
  const text = message.replace(/ \(\d+ characters\)$/u, "");
  return {
    id: rule,
    shortDescription: { text },
    help: { text: hint },
    defaultConfiguration: { level: levels[severity] },
    properties: { tags: ["security", "secret"] },
  };
}

function resultOf(finding: Finding, ruleIndex: number): SarifLog {
  return {
    ruleId: finding.rule,
    ruleIndex,
    level: levels[finding.severity],
    message: { text: `${finding.message}: ${finding.hint}` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: {
            uri: finding.file.split("/").map(encodeURIComponent).join("/"),
            uriBaseId: "ROOT",
          },
          region: {
            startLine: finding.line,
            startColumn: finding.column,
            endLine: finding.endLine,
            endColumn: finding.endColumn,
          },
        },
      },
    ],
    partialFingerprints: { "lotseSecret/v1": finding.fingerprint },
    ...(finding.commit === undefined ? {} : { properties: { commit: finding.commit } }),
  };
}

const levels: Readonly<Record<Severity, "error" | "warning" | "note">> = {
  error: "error",
  warning: "warning",
  info: "note",
};
