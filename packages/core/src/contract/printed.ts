import { z } from "zod";
import { diagnosticShape as diagnostic, whereShape as where } from "./printed-diagnostic.ts";
import {
  policyCheckShape,
  policyDiffShape,
  policyExplainShape,
  releasedPolicyShape,
  siemEventShape,
  vulnerabilityScanShape,
  waiversShape,
} from "./printed-policy.ts";

/**
 * The shapes of what commands print with `-o json`. They are published as JSON Schemas under `schemas/`, and
 * tests hold the commands to them.
 */

const position = {
  file: z.string().describe("path in the workspace, or a label such as --set or env:NAME"),
  line: z.int().min(1),
  column: z.int().min(1),
};

const scope = {
  environment: z.string(),
  tenant: z.string().nullable().describe("null for the environment without a tenant"),
};

const candidate = z.strictObject({
  layer: z.string(),
  ...position,
  value: z.unknown().describe("the value as the layer writes it; null where it deletes the path"),
  deletes: z.literal(true).optional(),
});

const lock = z.strictObject({
  final: z.literal(true).optional(),
  overridableBy: z.array(z.string()).optional(),
  guard: z.record(z.string(), z.unknown()).optional(),
});

const explanation = z.strictObject({
  path: z.string(),
  value: z.unknown().describe("the resolved value"),
  layer: z.string().describe("the layer that won"),
  ...position,
  strategy: z.string().describe("how the layers were merged here"),
  lock: lock.nullable(),
  reference: z.string().optional().describe("the value as written, where it is a reference"),
  through: z.array(where).optional().describe("the places of the values that the reference took in"),
  candidates: z.array(candidate).describe("what lost, highest layer first"),
});

const difference = z.strictObject({
  path: z.string(),
  kind: z.enum(["added", "removed", "changed"]),
  left: z.unknown().describe("null where the path is only on the right"),
  right: z.unknown().describe("null where the path is only on the left"),
});

const validation = z.strictObject({
  ok: z.boolean().describe("whether no finding is an error"),
  scopes: z.int().min(0).describe("how many environments of tenants were validated"),
  diagnostics: z.array(diagnostic),
});

const impact = z.strictObject({
  ...scope,
  paths: z.array(z.string()).describe("the paths whose resolved value changes"),
  problem: z.string().optional().describe("why the paths cannot be told"),
});

const edit = z.strictObject({
  file: z.string(),
  path: z.string(),
  line: z.int().min(1),
  before: z.unknown().describe("null where there was nothing"),
  after: z.unknown().describe("null where it was deleted"),
  written: z.boolean().describe("false for a dry run"),
});

const release = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{64}$/u),
  version: z.string(),
  createdAt: z.string(),
  createdBy: z.string(),
  commit: z.string().nullable(),
  code: z.strictObject({ digest: z.string(), files: z.int(), bytes: z.int() }),
  target: z.looseObject({ type: z.string() }),
  configurations: z
    .record(z.string(), z.record(z.string(), z.string()))
    .describe("environment, tenant, digest of the resolved configuration"),
  policy: releasedPolicyShape
    .nullable()
    .optional()
    .describe("release show only: what the policy said when it was made; null where it was not asked"),
  created: z.boolean().optional().describe("false where this very content had been released before"),
});

const placement = z.strictObject({ release: z.string(), version: z.string(), colour: z.string() });

const plan = z.strictObject({
  id: z.string(),
  environment: z.string(),
  release: z.strictObject({ id: z.string(), version: z.string() }),
  strategy: z.string(),
  tenants: z.array(
    z.strictObject({
      tenant: z.string(),
      from: placement.optional(),
      to: placement,
      steps: z.array(z.looseObject({ name: z.string() })),
    }),
  ),
});

const step = z.strictObject({
  name: z.string(),
  state: z.enum(["done", "failed", "skipped"]),
  startedAt: z.string().optional(),
  durationMs: z.number().optional(),
  error: z.string().optional(),
});

const outcome = z.strictObject({
  rollout: z.string(),
  environment: z.string(),
  release: z.strictObject({ id: z.string(), version: z.string() }),
  strategy: z.string(),
  status: z.enum(["deployed", "failed", "interrupted"]),
  tenants: z.array(
    z.strictObject({
      tenant: z.string(),
      status: z.enum(["deployed", "rolled-back", "up-to-date", "skipped", "failed"]),
      release: placement,
      previous: placement.optional(),
      code: z.string().optional(),
      reason: z.string().optional(),
      durationMs: z.number(),
      rollbackMs: z.number().optional(),
      steps: z.array(step),
    }),
  ),
});

const colour = z.strictObject({
  colour: z.string(),
  release: z.string(),
  version: z.string(),
  state: z.enum(["prepared", "running", "backing-off", "exited"]),
  restarts: z.int(),
  requests: z.int(),
  errors: z.int(),
  inFlight: z.int(),
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
});

const status = z.strictObject({
  environment: z.string(),
  tenant: z.string(),
  release: z.string().nullable(),
  version: z.string().nullable(),
  colour: z.string().nullable(),
  url: z.string().nullable(),
  since: z.string().nullable(),
  colours: z.array(colour),
  last: z
    .strictObject({ version: z.string(), status: z.string(), at: z.string(), reason: z.string().optional() })
    .nullable()
    .describe("the latest rollout"),
});

const doctor = z.strictObject({
  ok: z.boolean(),
  checks: z.array(
    z.strictObject({
      name: z.string(),
      status: z.enum(["ok", "missing", "optional"]),
      found: z.string(),
      hint: z.string().optional(),
    }),
  ),
});

const error = z.strictObject({
  error: z.strictObject({
    code: z.string(),
    message: z.string(),
    hint: z.string().optional(),
    where: where.optional(),
    related: z.array(where).optional(),
  }),
});

const templateLine = z.strictObject({
  line: z.int().min(1),
  template: z.string(),
  templateLine: z.int().min(1),
  values: z
    .array(z.strictObject({ path: z.string(), layer: z.string(), ...position }))
    .describe("what of the configuration filled the line, and the layer that wrote it"),
});

const templateRender = z.strictObject({
  ...scope,
  directory: z.string().nullable().describe("where files are written to; null where they are not"),
  files: z.array(
    z.strictObject({
      template: z.string(),
      file: z.string(),
      secret: z.boolean().describe("whether it may hold secrets"),
      status: z
        .enum(["created", "changed", "mode", "unchanged"])
        .nullable()
        .describe("what writing does to the file; null without a directory"),
      written: z.boolean(),
      text: z.string().nullable().describe("null for a secret file, and where there is a directory"),
      diff: z.array(z.string()).describe("unified; of a secret file only which lines change"),
      warnings: z.array(diagnostic),
      map: z.array(templateLine).optional().describe("where each line comes from; with --map or --explain"),
    }),
  ),
});

/** Every printed shape by the name of its file under `schemas/`. */
export const printed = {
  "config-explain": explanation,
  "config-explain-all": z.array(explanation),
  "config-diff": z.array(difference),
  "config-validate": validation,
  "config-impact": z.array(impact),
  "config-set": edit,
  release,
  "release-list": z.array(release),
  plan,
  outcome,
  status: z.array(status),
  doctor,
  "template-render": templateRender,
  "policy-check": policyCheckShape,
  "policy-diff": policyDiffShape,
  "policy-explain": policyExplainShape,
  "waivers-list": waiversShape,
  "waivers-lint": z.array(diagnostic),
  "vulnerability-scan": vulnerabilityScanShape,
  "siem-event": siemEventShape,
  error,
} as const;

/** The printed form of an explanation. */
export type PrintedExplanation = z.infer<typeof explanation>;
/** The printed form of one difference. */
export type PrintedDifference = z.infer<typeof difference>;
/** The printed form of a finding. */
export type PrintedDiagnostic = z.infer<typeof diagnostic>;
/** The printed form of a validation. */
export type PrintedValidation = z.infer<typeof validation>;
/** The printed form of what a change does to one scope. */
export type PrintedImpact = z.infer<typeof impact>;
/** The printed form of an edit. */
export type PrintedEdit = z.infer<typeof edit>;
/** The printed form of a release. */
export type PrintedRelease = z.infer<typeof release>;
/** The printed form of one tenant's deployment. */
export type PrintedStatus = z.infer<typeof status>;
/** The printed form of `lotse doctor`. */
export type PrintedDoctor = z.infer<typeof doctor>;
/** The printed form of rendered templates. */
export type PrintedTemplates = z.infer<typeof templateRender>;
/** The printed form of an error. */
export type PrintedError = z.infer<typeof error>;
