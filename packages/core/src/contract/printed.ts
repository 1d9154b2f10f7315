import { z } from "zod";
import { diagnosticShape as diagnostic, whereShape as where } from "./printed-diagnostic.ts";
import {
  policyCheckShape,
  policyDiffShape,
  policyExplainShape,
  siemEventShape,
  vulnerabilityScanShape,
  waiversShape,
} from "./printed-policy.ts";
import {
  releaseDiffShape,
  releaseNotesShape,
  releasePruneShape,
  releaseShape,
  releaseSignShape,
  releaseVerifyShape,
} from "./printed-release.ts";
import { planShape, rolloutShape, rolloutStartedShape } from "./printed-rollout.ts";

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

const types = z.strictObject({
  schema: z.string().describe("the schema that they are written from"),
  file: z.string().nullable().describe("the file that they were written to; null where they are printed"),
  types: z.string().optional().describe("the TypeScript text; left out where it is in the file"),
});

const edit = z.strictObject({
  file: z.string(),
  path: z.string(),
  line: z.int().min(1),
  before: z.unknown().describe("null where there was nothing"),
  after: z.unknown().describe("null where it was deleted"),
  written: z.boolean().describe("false for a dry run"),
});

const colour = z.strictObject({
  colour: z.string(),
  release: z.string(),
  version: z.string(),
  host: z.string().describe("`local` on targets that have no hosts"),
  state: z.enum(["prepared", "running", "stopped", "backing-off", "exited", "unknown"]),
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
  "config-types": types,
  release: releaseShape,
  "release-list": z.array(releaseShape),
  "release-verify": releaseVerifyShape,
  "release-diff": releaseDiffShape,
  "release-notes": releaseNotesShape,
  "release-prune": releasePruneShape,
  "release-sign": releaseSignShape,
  plan: planShape,
  rollout: rolloutShape,
  "rollout-list": z.array(rolloutShape),
  "rollout-started": rolloutStartedShape,
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
/** The printed form of TypeScript types. */
export type PrintedTypes = z.infer<typeof types>;
/** The printed form of an edit. */
export type PrintedEdit = z.infer<typeof edit>;
/** The printed form of a release. */
export type PrintedRelease = z.infer<typeof releaseShape>;
/** The printed form of a release's verification. */
export type PrintedReleaseVerify = z.infer<typeof releaseVerifyShape>;
/** The printed form of what differs between releases. */
export type PrintedReleaseDiff = z.infer<typeof releaseDiffShape>;
/** The printed form of release notes. */
export type PrintedReleaseNotes = z.infer<typeof releaseNotesShape>;
/** The printed form of a pruning. */
export type PrintedReleasePrune = z.infer<typeof releasePruneShape>;
/** The printed form of a signing. */
export type PrintedReleaseSign = z.infer<typeof releaseSignShape>;
/** The printed form of one tenant's deployment. */
export type PrintedStatus = z.infer<typeof status>;
/** The printed form of `lotse doctor`. */
export type PrintedDoctor = z.infer<typeof doctor>;
/** The printed form of rendered templates. */
export type PrintedTemplates = z.infer<typeof templateRender>;
/** The printed form of an error. */
export type PrintedError = z.infer<typeof error>;
