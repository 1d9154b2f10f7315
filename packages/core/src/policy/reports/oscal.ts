import type { CheckResult, Evidence, PolicyRun, RequirementReference } from "../model.ts";
import type { ReportOptions } from "./format.ts";
import { compare, groupResults, type ResultGroup } from "./order.ts";
import { requirementsOf, type RequirementResults } from "./requirements.ts";
import {
  defaultTitle,
  evidencedText,
  placeText,
  printable,
  requirementText,
  scopeText,
  uriOf,
} from "./text.ts";
import { uuidOf } from "./uuid.ts";

const oscalVersion = "1.1.2";
const ns = "https://lotse.dev/ns/oscal";

/**
 * Writes a run as OSCAL assessment results: an observation for each thing found, with its evidence and the
 * scopes it was found in, and a finding for each requirement. All UUIDs come from the content.
 *
 * @see https://pages.nist.gov/OSCAL-Reference/models/v1.1.2/assessment-results/json-outline/
 */
export function renderOscal(run: PolicyRun, options: ReportOptions): string {
  const title = line(options.title ?? defaultTitle);
  const { at } = run.summary;
  const result = resultOf(run, title, options);
  const document = {
    "assessment-results": {
      uuid: uuidOf({ document: result.uuid, version: options.version }),
      metadata: {
        title,
        "last-modified": at,
        version: at,
        "oscal-version": oscalVersion,
        props: [property("lotse-version", options.version)],
      },
      "import-ap": {
        href: `#${planUuid}`,
        remarks: "The checks and the frameworks of the workspace are the plan.",
      },
      results: [result],
      "back-matter": {
        resources: [
          {
            uuid: planUuid,
            title: "Policy of the workspace",
            description:
              "The checks, frameworks, profiles and waivers that the workspace holds at the commit that was judged.",
          },
        ],
      },
    },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

const planUuid = uuidOf("assessment plan");
const toolUuid = uuidOf("tool");

/** An observation's group with the id that findings refer to it by. */
interface Observed {
  readonly group: ResultGroup;
  readonly uuid: string;
}

function resultOf(
  run: PolicyRun,
  title: string,
  options: ReportOptions,
): Readonly<Record<string, unknown>> & { readonly uuid: string } {
  const groups = groupResults(run.results).map((group): Observed => ({ group, uuid: groupUuid(group) }));
  const byResult = new Map(groups.flatMap((one) => one.group.members.map((member) => [member, one.uuid])));
  const requirements = requirementsOf(run.results);
  const scopes = [...new Set(run.results.map(scopeText))].sort(compare);
  const observations = groups.map((one) => observationOf(one, run));
  const findings = requirements.map((one) => findingOf(one, byResult));
  return {
    uuid: uuidOf({ title, summary: run.summary, observations: groups.map(({ uuid }) => uuid) }),
    title,
    description: run.summary.frameworks
      .map((one) => `${one.title}: ${evidencedText(one.evidenced, one.checkable)}.`)
      .join(" "),
    start: run.summary.at,
    end: run.summary.at,
    props: [
      property("strict", String(run.summary.strict)),
      property("checks", String(run.summary.checks)),
      property("scopes", String(run.summary.scopes)),
    ],
    "local-definitions": {
      ...(scopes.length === 0 ? {} : { components: scopes.map(componentOf) }),
      "assessment-assets": assetsOf(options),
    },
    "reviewed-controls": {
      "control-selections": [
        requirements.length === 0
          ? { description: "No requirement was in scope." }
          : {
              "include-controls": requirements.map(({ requirement }) => ({
                "control-id": tokenOf(requirement),
              })),
            },
      ],
    },
    ...(observations.length === 0 ? {} : { observations }),
    ...(findings.length === 0 ? {} : { findings }),
  };
}

function componentOf(scope: string): unknown {
  return {
    uuid: scopeUuid(scope),
    type: "system",
    title: line(scope),
    description: `The resolved environment ${line(scope)}.`,
    status: { state: "operational" },
  };
}

function assetsOf({ version }: ReportOptions): unknown {
  return {
    components: [
      {
        uuid: toolUuid,
        type: "software",
        title: "Lotse",
        description: "Judges every tenant's resolved environment by the checks of the policy.",
        props: [property("version", version)],
        status: { state: "operational" },
      },
    ],
    "assessment-platforms": [
      { uuid: uuidOf("platform"), title: "Lotse", "uses-components": [{ "component-uuid": toolUuid }] },
    ],
  };
}

function scopeUuid(scope: string): string {
  return uuidOf({ scope });
}

function groupUuid({ result, members }: ResultGroup): string {
  return uuidOf({ observation: result, scopes: members.map(scopeText) });
}

function observationOf({ group, uuid }: Observed, { summary }: PolicyRun): unknown {
  const { result, members } = group;
  const { waiver } = result;
  return {
    uuid,
    title: line(`${result.check}: ${result.title}`),
    description: printable(result.message),
    props: [
      property("check", result.check),
      property("status", result.status),
      property("severity", result.severity),
      ...(waiver === null ? [] : [property("waiver", waiver.id), property("waiver-expires", waiver.expires)]),
    ],
    methods: [result.status === "manual" ? "INTERVIEW" : "TEST"],
    types: [result.status === "pass" ? "control-objective" : "finding"],
    origins: [{ actors: [{ type: "tool", "actor-uuid": toolUuid }] }],
    subjects: members.map((member) => ({
      "subject-uuid": scopeUuid(scopeText(member)),
      type: "component",
      title: line(scopeText(member)),
    })),
    ...(result.evidence.length === 0 ? {} : { "relevant-evidence": result.evidence.map(evidenceOf) }),
    collected: summary.at,
    remarks: remarksOf(group),
  };
}

function remarksOf({ result: { remedy, waiver } }: ResultGroup): string {
  if (waiver === null) return printable(`Remedy: ${remedy}`);
  return printable(
    `Waived until ${waiver.expires}: ${waiver.reason} (owner ${waiver.owner}, approved by ${waiver.approver}, ${waiver.file}). Remedy: ${remedy}`,
  );
}

function evidenceOf(evidence: Evidence): unknown {
  const { file, layer, snapshot, at, valueHash, source, fact } = evidence;
  const props = Object.entries({
    fact,
    layer,
    place: placeText(evidence),
    snapshot,
    at,
    "value-sha256": valueHash,
    source,
  })
    .filter((entry): entry is [string, string] => entry[1] !== undefined && line(entry[1]) !== "-")
    .map(([name, value]) => property(name, value));
  return {
    ...(file === undefined ? {} : { href: uriOf(file) }),
    description: printable(
      evidence.shown === undefined ? evidence.path : `${evidence.path} = ${evidence.shown}`,
    ),
    ...(props.length === 0 ? {} : { props }),
  };
}

function findingOf(
  { requirement, results, evidenced }: RequirementResults,
  byResult: ReadonlyMap<CheckResult, string>,
): unknown {
  const related = [...new Set(results.flatMap((result) => byResult.get(result) ?? []))];
  const failing = results.filter(({ status }) => status === "fail").length;
  const waived = results.filter(({ status }) => status === "waived").length;
  const reason = failing > 0 ? "fail" : evidenced && waived === 0 ? "pass" : "other";
  const name = requirementText(requirement);
  return {
    uuid: uuidOf({ finding: requirement, related }),
    title: line(name),
    description: `${line(name)} is ${evidenced ? "" : "not "}evidenced: ${results.length} results, ${failing} failing, ${waived} waived.`,
    props: [property("framework", requirement.framework), property("requirement", requirement.id)],
    target: {
      type: "objective-id",
      "target-id": tokenOf(requirement),
      status: { state: evidenced ? "satisfied" : "not-satisfied", reason },
    },
    "related-observations": related.map((uuid) => ({ "observation-uuid": uuid })),
  };
}

function property(name: string, value: string): unknown {
  return { name, ns, value: line(value) };
}

/** A requirement's id as OSCAL allows ids: `pci-dss_8.6.2`, `gdpr_32-1-a`. The property `requirement` has it as written. */
function tokenOf({ framework, id }: RequirementReference): string {
  const part = (text: string): string =>
    text.replaceAll(/[^\p{L}\p{N}._-]+/gu, "-").replaceAll(/^-+|-+$/gu, "");
  const token = `${part(framework)}_${part(id)}`;
  return /^[\p{L}_]/u.test(token) ? token : `_${token}`;
}

/** A text as OSCAL's strings are: one line without spaces around it, and never empty. */
function line(text: string): string {
  return printable(text).replaceAll(/\s+/gu, " ").trim() || "-";
}
