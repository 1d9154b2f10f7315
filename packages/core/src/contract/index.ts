export { jsonSchemas } from "./json-schemas.ts";
export {
  printed,
  type PrintedDiagnostic,
  type PrintedDifference,
  type PrintedDoctor,
  type PrintedEdit,
  type PrintedTypes,
  type PrintedError,
  type PrintedExplanation,
  type PrintedImpact,
  type PrintedRelease,
  type PrintedReleaseDiff,
  type PrintedReleaseNotes,
  type PrintedReleasePrune,
  type PrintedReleaseSign,
  type PrintedReleaseVerify,
  type PrintedStatus,
  type PrintedTemplates,
  type PrintedValidation,
} from "./printed.ts";
export type { PrintedPolicyCheck } from "./printed-policy.ts";
export type { PrintedRollout } from "./printed-rollout.ts";
