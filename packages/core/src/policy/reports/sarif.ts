import type {
  CheckResult,
  CheckSeverity,
  Evidence,
  PolicyRun,
  RequirementReference,
  Status,
} from "../model.ts";
import type { ReportOptions } from "./format.ts";
import { compare, fingerprintOf, isFinding, unitedRequirements } from "./order.ts";
import { evidencedText, requirementText, scopeText, sentence, uriOf } from "./text.ts";

/**
 * Writes the findings of a run as SARIF 2.1.0: what fails, is waived, is unknown or wants a person. Frameworks
 * are taxonomies, their requirements taxa, waivers suppressions.
 *
 * @see https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 */
export function renderSarif(run: PolicyRun, options: ReportOptions): string {
  const findings = run.results.filter(isFinding);
  const rules = rulesOf(findings);
  const taxonomies = taxonomiesOf(run);
  const log = {
    $schema: "https://raw.githubusercontent.com/oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "Lotse",
            version: options.version,
            rules: rules.map((rule) => ruleOf(rule, taxonomies)),
            supportedTaxonomies: taxonomies.map(({ name }, index) => ({ name, index })),
          },
        },
        automationDetails: { id: "lotse/policy/" },
        invocations: [{ executionSuccessful: true, endTimeUtc: run.summary.at }],
        columnKind: "utf16CodeUnits",
        taxonomies: taxonomies.map(taxonomyOf),
        results: findings.map((result) => resultOf(result, rules)),
        properties: {
          strict: run.summary.strict,
          counts: run.summary.counts,
          frameworks: run.summary.frameworks.map(({ framework, evidenced, checkable }) => ({
            framework,
            summary: evidencedText(evidenced, checkable),
          })),
        },
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

interface Taxonomy {
  readonly name: string;
  readonly title: string;
  readonly ids: readonly string[];
}

function taxonomiesOf({ summary, results }: PolicyRun): readonly Taxonomy[] {
  const ids = new Map<string, Set<string>>();
  for (const { requirements } of results) {
    for (const { framework, id } of requirements) {
      const known = ids.get(framework) ?? new Set();
      ids.set(framework, known.add(id));
    }
  }
  return [...ids]
    .map(([name, known]) => ({
      name,
      title: summary.frameworks.find(({ framework }) => framework === name)?.title ?? name,
      ids: [...known].sort(compare),
    }))
    .sort((left, right) => compare(left.name, right.name));
}

function taxonomyOf({ name, title, ids }: Taxonomy): unknown {
  return { name, fullName: title, isComprehensive: false, taxa: ids.map((id) => ({ id })) };
}

/** One result of each check that has findings. The requirements differ by tenant, so they are united. */
function rulesOf(findings: readonly CheckResult[]): readonly CheckResult[] {
  const found = new Map<string, CheckResult[]>();
  for (const result of findings) {
    const known = found.get(result.check);
    if (known === undefined) found.set(result.check, [result]);
    else known.push(result);
  }
  return [...found.values()]
    .flatMap((results) =>
      results.slice(0, 1).map((first) => ({ ...first, requirements: unitedRequirements(results) })),
    )
    .sort((left, right) => compare(left.check, right.check));
}

function ruleOf(rule: CheckResult, taxonomies: readonly Taxonomy[]): unknown {
  const { check, title, remedy, severity, requirements } = rule;
  const ids = requirements.map(requirementText);
  return {
    id: check,
    name: pascalCase(check),
    shortDescription: { text: title },
    fullDescription: { text: `${title}. Evidence for ${ids.join(", ") || "no framework"}.` },
    help: {
      text: `${remedy}\n\nEvidence for: ${ids.join(", ") || "no framework"}`,
      markdown: `**What to do:** ${escapeMarkdown(remedy)}\n\n**Evidence for:** ${ids.map((id) => `\`${id.replaceAll("`", "'")}\``).join(", ") || "no framework"}`,
    },
    defaultConfiguration: { level: levelOf(severity) },
    ...(requirements.length === 0
      ? {}
      : { relationships: requirements.map((one) => relationshipOf(one, taxonomies)) }),
    properties: {
      severity,
      "security-severity": scores[severity],
      precision: "very-high",
      tags: ["security", "compliance", ...new Set(requirements.map(({ framework }) => framework))],
    },
  };
}

function relationshipOf({ framework, id }: RequirementReference, taxonomies: readonly Taxonomy[]): unknown {
  const at = taxonomies.findIndex(({ name }) => name === framework);
  const index = taxonomies[at]?.ids.indexOf(id) ?? -1;
  return { target: { id, index, toolComponent: { name: framework, index: at } }, kinds: ["relevant"] };
}

function resultOf(result: CheckResult, rules: readonly CheckResult[]): unknown {
  const { check, status, severity, message, evidence, waiver } = result;
  const placed = evidence.filter(({ file }) => file !== undefined).map(physicalLocation);
  const scope = { fullyQualifiedName: scopeText(result), kind: "scope" };
  const [first, ...others] = placed;
  return {
    ruleId: check,
    ruleIndex: rules.findIndex((rule) => rule.check === check),
    kind: kinds[status],
    // A level other than `none` is for failures alone; what is waived failed, and is suppressed.
    level: kinds[status] === "fail" ? levelOf(severity) : "none",
    message: { text: `${scopeText(result)}: ${sentence(message)} ${sentence(result.remedy)}` },
    locations: [{ ...first, logicalLocations: [scope] }],
    ...(others.length === 0 ? {} : { relatedLocations: others.map((place, id) => ({ id, ...place })) }),
    partialFingerprints: { "lotseResult/v1": fingerprintOf(result) },
    suppressions:
      waiver === null
        ? []
        : [
            {
              kind: "external",
              status: "accepted",
              justification: `${waiver.reason} (${waiver.id}, approved by ${waiver.approver}, until ${waiver.expires})`,
              location: { physicalLocation: { artifactLocation: artifact(waiver.file) } },
            },
          ],
    properties: {
      status,
      severity,
      environment: result.environment,
      tenant: result.tenant,
      requirements: result.requirements.map(requirementText),
    },
  };
}

function physicalLocation({ file = "", line, path }: Evidence): {
  readonly physicalLocation: unknown;
  readonly message: unknown;
} {
  return {
    physicalLocation: {
      artifactLocation: artifact(file),
      ...(line === undefined ? {} : { region: { startLine: line } }),
    },
    message: { text: path },
  };
}

function artifact(file: string): unknown {
  return { uri: uriOf(file), uriBaseId: "SRCROOT" };
}

const kinds = {
  pass: "pass",
  fail: "fail",
  waived: "fail",
  unknown: "open",
  manual: "review",
  "not-applicable": "notApplicable",
} as const satisfies Record<Status, string>;

// The middle of the ranges of CVSS 3.1 ratings; code hosts sort by it.
const scores: Readonly<Record<CheckSeverity, string>> = {
  critical: "9.5",
  high: "8.0",
  medium: "5.5",
  low: "2.0",
};

function levelOf(severity: CheckSeverity): "error" | "warning" | "note" {
  return severity === "low" ? "note" : severity === "medium" ? "warning" : "error";
}

function pascalCase(text: string): string {
  return text.replaceAll(/(?:^|[^a-z0-9]+)([a-z0-9])/giu, (_, first: string) => first.toUpperCase());
}

function escapeMarkdown(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]<>#|]/gu, String.raw`\$&`);
}
