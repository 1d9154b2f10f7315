export { jsonSchemas } from "./json-schemas.ts";
export {
  printed,
  type PrintedDiagnostic,
  type PrintedDifference,
  type PrintedDoctor,
  type PrintedEdit,
  type PrintedError,
  type PrintedExplanation,
  type PrintedImpact,
  type PrintedRelease,
  type PrintedStatus,
  type PrintedTemplates,
  type PrintedValidation,
} from "./printed.ts";
export type { PrintedPolicyCheck } from "./printed-policy.ts";
