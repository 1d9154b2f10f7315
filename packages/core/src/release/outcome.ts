/**
 * How a rollout ended for one tenant. `rolled-back`: it failed and the stable release has the traffic; `failed`: it
 * failed and there was no stable release, or undoing failed too; `skipped`: it was not touched, for a tenant before
 * it failed, or somebody stopped the rollout.
 */
export type TenantStatus = "deployed" | "rolled-back" | "up-to-date" | "skipped" | "failed";
