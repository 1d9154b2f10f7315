/** All use cases. */
export * from "./workspace.ts";
export { policyOfRelease, type ReleasedPolicy } from "./release-policy.ts";
export { releasesOf } from "./release-store.ts";
export { createRelease, type ReleaseRequest, type ReleaseResult } from "./releases.ts";
export { diffReleases, isSameRelease, type ReleaseDiff } from "./release-diff.ts";
export { changelog, changelogMarkdown, notesMarkdown, releaseNotes } from "./release-notes.ts";
export { pruneReleases, releasesInUse, type PruneRequest, type PruneResult } from "./release-prune.ts";
export { signStoredRelease, verifyReleases } from "./release-verify.ts";
export { ComplianceChecker } from "./compliance-checker.ts";
export { hooksOf, rolloutDriver, targetOf, type RolloutDriverOptions } from "./rollout-driver.ts";
export {
  dryRun,
  rolloutRequest,
  type RequestedRollout,
  type RequestOptions,
  type WantedRollout,
} from "./rollout-request.ts";
export { readStrategy } from "./strategy-file.ts";
export { statusOf, stopTarget, type TenantStatus } from "./rollouts.ts";
export {
  applyRendering,
  lineOrigins,
  planRendering,
  renderForScope,
  type LineOrigin,
  type RenderedFile,
  type ScopeRendering,
  type ScopeRenderRequest,
} from "./templates.ts";
export {
  DeploymentTemplates,
  deploymentTemplatesOf,
  renderedFiles,
  type DeployedFile,
} from "./template-deployment.ts";
export { fillSecrets, secretsOfFile } from "./template-fill.ts";
export type { SecretRevealer } from "./template-values.ts";
export { TemplateFailure, type DiffLine, type OutputPlan } from "../templates/index.ts";
export * from "./secrets/index.ts";
export {
  policyCheck,
  policyExplain,
  policyGate,
  policyWaiverExpiring,
  policyWaiverLint,
  policyWaiverList,
  type PolicyGate,
  type PolicyRequest,
} from "./policy.ts";
export { policyDiff, type PolicyDiff, type PolicyDiffRequest } from "./policy-diff.ts";
export { policyHistory, recordPolicyRun } from "./policy-history.ts";
export {
  scanVulnerabilities,
  type VulnerabilityScanRequest,
  type VulnerabilityScanResult,
} from "./vulnerabilities.ts";
export type { ExplainedCheck, ListedWaiver, PolicyRun, PolicySummary } from "../policy/index.ts";
export * from "../policy/reports/index.ts";
export * from "../policy/siem/index.ts";
export { inventoryKinds, type InventoryKind, type ScanRecord } from "../policy/vulnerabilities/index.ts";
