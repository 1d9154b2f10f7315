/**
 * Releases: making them, keeping them, planning and carrying out rollouts, and going back.
 *
 * The order of use: {@link openReleases} → `create` → {@link currentDeployments} → {@link planRollout} →
 * {@link applyRollout}. A rollback is the same with an older release; {@link previousRelease} finds it.
 */
export { canonicalJson, digestOf } from "../kernel/index.ts";
export type { CodeLimits } from "./code-tree.ts";
export { applyRollout, type ApplyPorts } from "./apply.ts";
export { emptyDeployment, previousRelease, type Deployment, type HistoryEntry } from "./deployment.ts";
export { currentDeployments, openDeployments, type DeploymentStore } from "./deployments.ts";
export type { Materialised } from "./materialise.ts";
export { isSafeName, type Colour, type Slot, type TenantScope } from "./names.ts";
export type {
  Outcome,
  RolloutEvent,
  RunStepName,
  StepOutcome,
  TenantOutcome,
  TenantStatus,
} from "./outcome.ts";
export { payloadsOf, type SecretsFor } from "./payload.ts";
export { planRollout, type Placement, type Plan, type PlanInput, type TenantPlan } from "./plan.ts";
export { tenantPartOf, type Release, type TenantPart } from "./release.ts";
export type { SecretHandles } from "./secret-handles.ts";
export {
  normaliseVersion,
  openReleases,
  type Created,
  type ReleaseInput,
  type ReleaseStore,
  type TenantInput,
} from "./store.ts";
export { defaultStrategy, strategies } from "./strategies/index.ts";
export { stepNames, type PlannedStep, type StepName, type Strategy } from "./strategies/strategy.ts";
export type { ColourState, Drained, Payload, Target, TargetState } from "./target.ts";
export { openTarget, targetSpecSchema } from "./targets/index.ts";
export { ProcessTarget } from "./targets/process/process-target.ts";
export { parseProcessSpec, processSpecSchema, type ProcessSpec } from "./targets/process/spec.ts";
export { startLoad, type Load, type LoadOptions, type LoadReport, type PhaseReport } from "./testing/load.ts";
export type { Verification } from "./verify-release.ts";
