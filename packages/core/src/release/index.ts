/**
 * Releases: making them, keeping them, planning and carrying out rollouts, and going back.
 *
 * The order of use: {@link openReleases} → `create` → {@link RolloutRequest} → {@link targetDriver}, whose `plan`
 * calls {@link planTenant} and whose `act` calls a {@link Target}. A rollback is the same with an older release;
 * {@link previousRelease} finds it.
 */
export { canonicalJson, digestOf } from "../kernel/index.ts";
export type { CodeLimits } from "./code-tree.ts";
export {
  deploymentSchema,
  emptyDeployment,
  previousRelease,
  type Deployment,
  type HistoryEntry,
} from "./deployment.ts";
export { currentDeployment, openDeployments, type DeploymentStore } from "./deployments.ts";
export type { Filled, FilledFiles, FillFile } from "./filled-files.ts";
export type { Materialised } from "./materialise.ts";
export { migrationsBetween, wayBack, type MigrationBearer, type WayBack } from "./migrations/way-back.ts";
export { readMigrations, type MigrationSource } from "./migrations/read-migrations.ts";
export { colourSchema, isSafeName, nameSchema, type Colour, type Slot, type TenantScope } from "./names.ts";
export type { TenantStatus } from "./outcome.ts";
export { payloadsOf, type FillFor, type SecretsFor } from "./payload.ts";
export {
  planTenant,
  tenantPlanSchema,
  type Placement,
  type TenantPlan,
  type TenantPlanInput,
} from "./plan.ts";
export type { Effect, RolloutDriver, TenantEnd } from "./driver.ts";
export type { Gate, GateContext, Verdict } from "./gate.ts";
export { rolloutRequestSchema, type RolloutRequest } from "./request.ts";
export {
  actSchema,
  actions,
  stepSchema,
  stickySchema,
  weightsSchema,
  type Action,
  type ActStep,
  type PlanStep,
  type StepInput,
  type Sticky,
  type Weights,
} from "./step.ts";
export { scopesOf, tenantPartOf, type Migration, type Release, type TenantPart } from "./release.ts";
export type { FileEntry, RenderedInput } from "./rendered-files.ts";
export type { SealedInput, SealedSecrets } from "./sealed-secrets.ts";
export type { ReleaseKey } from "./signature/statement.ts";
export type { ReleaseSigner, SignatureReport, Trust } from "./signature/trust.ts";
export { planPrune, type PrunePlan } from "./prune/plan-prune.ts";
export type { SecretHandles } from "./secret-handles.ts";
export {
  openReleases,
  type Created,
  type Pruned,
  type ReleaseInput,
  type ReleaseStore,
  type TenantInput,
  type VerifiedRelease,
  type VersionChooser,
} from "./store.ts";
export { highestFirst, isVersion, normaliseVersion } from "./version.ts";
export { defaultStrategy, strategies } from "./strategies/index.ts";
export type { Strategy, StrategyInput } from "./strategies/strategy.ts";
export type { ColourState, Drained, Fencing, On, Payload, Target, TargetState } from "./target.ts";
export { openTarget, type TargetContext, type TargetSpec } from "./targets/index.ts";
export { specPathOf } from "./targets/parse-spec.ts";
export { checkScopedNames, scopedSpec } from "./targets/scoped-spec.ts";
export { ProcessTarget } from "./targets/process/process-target.ts";
export { parseProcessSpec, processSpecSchema, type ProcessSpec } from "./targets/process/spec.ts";
export { startLoad, type Load, type LoadOptions, type LoadReport, type PhaseReport } from "./testing/load.ts";
export type { Verification } from "./verify-release.ts";
export { activeOf, allTo, formatWeights, isSplit, sameWeights, shareFor, soleColour } from "./weights.ts";
export { builtInStrategies, builtInStrategy, strategyOf, unknownStrategy } from "./strategies/index.ts";
export {
  strategyDefinitionSchema,
  strategyFileSchema,
  type StrategyDefinition,
} from "./strategies/definition.ts";
export { durationMs, durationSchema } from "./strategies/duration.ts";
export { hooksSchema, hookTimeoutMs, type Hook, type Hooks } from "./strategies/hooks.ts";
export { gateSpecSchema, type GateSpec } from "./gates/spec.ts";
export { openGate } from "./gates/open-gate.ts";
export { parseStrategy } from "./strategies/parse-strategy.ts";
export { targetDriver, type TargetDriverParts } from "./target-driver.ts";
export { objectsOf, type NamedObject, type SomeTenants } from "./named-objects.ts";
export { openObjects, type ObjectStore } from "./objects.ts";
export { Records } from "./records.ts";
export { withReleaseLock } from "./release-lock.ts";
export { checkScope } from "./names.ts";
