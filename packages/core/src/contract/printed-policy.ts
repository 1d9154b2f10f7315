import { z } from "zod";
import { diagnosticShape } from "./printed-diagnostic.ts";

/** The shapes of what the commands of the policy print. */

const status = z.enum(["pass", "fail", "not-applicable", "unknown", "waived", "manual"]);
const severity = z.enum(["critical", "high", "medium", "low"]);
const count = z.int().min(0);
const counts = z.record(status, count).describe("how many results have each status");

const requirement = z.strictObject({
  framework: z.string(),
  id: z.string().describe("the requirement's id in the framework, such as CC6.7"),
  tentative: z.boolean().optional().describe("the mapping still wants reading against the standard's text"),
});

const evidence = z.strictObject({
  fact: z.string(),
  path: z.string().describe("configuration path, or name of the record"),
  valueHash: z.string().optional().describe("SHA-256 of the value's canonical JSON"),
  shown: z.string().optional().describe("what may be shown of the value"),
  layer: z.string().optional(),
  file: z.string().optional(),
  line: z.int().min(1).optional(),
  snapshot: z.string().optional(),
  at: z.string().optional(),
  source: z.string().optional(),
});

const appliedWaiver = z.strictObject({
  id: z.string(),
  file: z.string(),
  owner: z.string(),
  reason: z.string(),
  approver: z.string(),
  expires: z.string().describe("the last day on which it holds"),
});

const unresolved = z
  .array(diagnosticShape)
  .optional()
  .describe("the environments of tenants that do not resolve: their checks are unknown, and ok is false");

/** `lotse policy check`, and reports of the form `json`. */
export const policyCheckShape = z.strictObject({
  summary: z.strictObject({
    ok: z.boolean(),
    strict: z.boolean().describe("whether what is unknown counts as failed"),
    scopes: count,
    checks: count,
    counts,
    frameworks: z.array(
      z.strictObject({
        framework: z.string(),
        title: z.string(),
        checkable: count.describe("requirements that a check is evidence for"),
        evidenced: count.describe("of these, how many are evidenced in every scope"),
        counts,
      }),
    ),
    at: z.string(),
  }),
  results: z.array(
    z.strictObject({
      check: z.string(),
      title: z.string(),
      requirements: z.array(requirement),
      environment: z.string(),
      tenant: z.string().nullable(),
      status,
      severity,
      message: z.string(),
      evidence: z.array(evidence),
      remedy: z.string(),
      waiver: appliedWaiver.nullable(),
    }),
  ),
  unresolved,
});

/** What a release carries of the run that its gate was asked with; see {@link policyCheckShape}. */
export const releasedPolicyShape = z.strictObject({
  enforced: z
    .boolean()
    .describe("false without a policy/policy.yml: the result is information, and no gate was asked"),
  summary: z.strictObject({
    ok: z.boolean(),
    strict: z.boolean(),
    scopes: count,
    checks: count,
    counts,
    at: z.string(),
  }),
  results: z
    .array(
      z.strictObject({
        check: z.string(),
        environment: z.string(),
        tenant: z.string().nullable(),
        status,
        severity,
        message: z.string(),
        waiver: z.string().nullable().describe("the id of the waiver that accepts it"),
      }),
    )
    .describe("what neither passed nor was out of place"),
});

const changedScope = z.strictObject({
  environment: z.string(),
  tenant: z.string().nullable(),
  before: status.nullable().describe("null where it was not judged"),
  after: status.nullable().describe("null where it is not judged any more"),
  message: z.string(),
});

/** `lotse policy diff`. */
export const policyDiffShape = z.strictObject({
  from: z.string(),
  to: z.string().nullable().describe("null for the files as they are"),
  ok: z.boolean(),
  changes: z.array(
    z.strictObject({
      kind: z.enum(["breaks", "loses", "mends"]),
      framework: z.string().nullable(),
      requirement: z.string().nullable(),
      check: z.string(),
      title: z.string(),
      scopes: z.array(changedScope),
    }),
  ),
  sentences: z.array(z.string()),
  unresolved,
});

/** `lotse policy explain`. */
export const policyExplainShape = z.strictObject({
  check: z.string(),
  number: z.int().nullable(),
  title: z.string(),
  severity,
  why: z.string(),
  remedy: z.string(),
  facts: z.array(
    z.strictObject({
      name: z.string(),
      title: z.string(),
      required: z.boolean(),
      paths: z.array(z.string()),
      source: z.string(),
    }),
  ),
  requirements: z.array(
    z.strictObject({ framework: z.string(), id: z.string(), title: z.string(), tentative: z.boolean() }),
  ),
  profiles: z.array(z.string()),
  examples: z.strictObject({
    pass: z.record(z.string(), z.unknown()),
    fail: z.record(z.string(), z.unknown()),
  }),
});

/** `lotse waivers list` and `lotse waivers expiring`. */
export const waiversShape = z.array(
  z.strictObject({
    id: z.string(),
    file: z.string(),
    check: z.string(),
    environments: z.array(z.string()),
    tenants: z.array(z.string()),
    owner: z.string(),
    reason: z.string(),
    approver: z.string(),
    approved: z.string(),
    expires: z.string(),
    daysLeft: z.int().describe("negative after it expired"),
    state: z.enum(["active", "expired", "broken", "unverified"]),
  }),
);

/** `lotse vulnerability scan`, and `.lotse/policy/vulnerabilities.json`. */
export const vulnerabilityScanShape = z.strictObject({
  scannedAt: z.string(),
  complete: z.boolean().describe("whether every source answered, for every ecosystem"),
  sources: z.array(
    z.strictObject({
      name: z.string(),
      ran: z.boolean(),
      reason: z.string().nullable(),
      advisories: z.int().nullable(),
      newest: z.string().nullable(),
    }),
  ),
  files: z.array(z.string()),
  packages: count,
  uncovered: z.array(z.string()).describe("ecosystems that no source has an advisory for"),
  skipped: z.array(z.strictObject({ name: z.string(), file: z.string(), reason: z.string() })),
  findings: z.array(
    z.strictObject({
      id: z.string(),
      aliases: z.array(z.string()),
      package: z.string(),
      version: z.string(),
      ecosystem: z.string(),
      files: z.array(z.string()),
      summary: z.string().nullable(),
      severity,
      score: z.number().nullable().describe("CVSS 3 base score"),
      publishedAt: z.string().nullable(),
      firstSeenAt: z.string(),
      fixedIn: z.string().nullable(),
      dueAt: z.string().describe("when the term to fix it ends"),
      overdue: z.boolean(),
      undecided: z.string().nullable(),
    }),
  ),
});

const commonEvent = {
  schema: z.literal("lotse.siem/1"),
  id: z.string().describe("the same event sent twice has the same id"),
  time: z.string().describe("ISO 8601 in UTC"),
  severity: z.enum(["critical", "high", "medium", "low", "info"]),
  action: z.string().describe("noun.verb; policy.finding for findings"),
  outcome: z.string(),
  environment: z.string().nullable(),
  tenant: z.string().nullable(),
  message: z.string(),
};

/** One line of `lotse policy export --format jsonl`. */
export const siemEventShape = z.discriminatedUnion("kind", [
  z.strictObject({
    ...commonEvent,
    kind: z.literal("audit"),
    actor: z.strictObject({ kind: z.string(), id: z.string() }),
    object: z.string(),
    version: z.string().nullable(),
    index: count.describe("its place in the log"),
    request: z.string().describe("one call of Lotse"),
    correlation: z.string(),
    details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  }),
  z.strictObject({
    ...commonEvent,
    kind: z.literal("policy"),
    check: z.string(),
    status,
    requirements: z.array(z.string()),
    evidence: z.array(
      z.strictObject({
        path: z.string(),
        layer: z.string().nullable(),
        file: z.string().nullable(),
        line: z.int().nullable(),
      }),
    ),
    remedy: z.string(),
    waiver: z.string().nullable().describe("the id of the waiver that accepts it"),
  }),
]);

/** A stored run, as a report is made of it later. */
export type PrintedPolicyCheck = z.infer<typeof policyCheckShape>;
