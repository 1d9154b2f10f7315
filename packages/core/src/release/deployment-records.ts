import type { Clock } from "../kernel/index.ts";
import { reconcile, withHistory, type Deployment, type HistoryEntry } from "./deployment.ts";
import type { DeploymentStore } from "./deployments.ts";
import type { TenantEnd } from "./driver.ts";
import type { TenantScope } from "./names.ts";
import type { TenantPlan } from "./plan.ts";
import type { RolloutRequest } from "./request.ts";
import type { TargetState } from "./target.ts";

/** Writes down that a rollout of a tenant begins; once, however often it is called. */
export async function recordBegun(
  store: DeploymentStore,
  request: RolloutRequest,
  plan: TenantPlan,
  clock: Clock,
): Promise<void> {
  const before = await store.read({ environment: request.environment, tenant: plan.tenant });
  if (before.pending?.rollout === request.id) return;
  const startedAt = clock.now().toISOString();
  await store.write({ ...before, pending: { rollout: request.id, ...plan.to, by: request.by, startedAt } });
}

/**
 * Writes down how a rollout of a tenant ended; once, however often it is called.
 *
 * @param inspect - asked where undoing failed too: then only the target knows what is true
 */
export async function recordEnded(
  store: DeploymentStore,
  request: RolloutRequest,
  plan: TenantPlan,
  end: TenantEnd,
  clock: Clock,
  inspect: (scope: TenantScope) => Promise<TargetState>,
): Promise<void> {
  if (end.status === "skipped" || end.status === "up-to-date") return;
  const scope = { environment: request.environment, tenant: plan.tenant };
  const before = await store.read(scope);
  const isOpen = before.pending?.rollout === request.id;
  if (!isOpen && before.history.some(({ rollout }) => rollout === request.id)) return;
  const at = clock.now().toISOString();
  const entry: HistoryEntry = {
    rollout: request.id,
    ...plan.to,
    status: end.status,
    by: request.by,
    at,
    ...(end.reason === undefined ? {} : { reason: end.reason.slice(0, 4096) }),
  };
  const ended: Deployment = { ...withHistory(before, entry), pending: isOpen ? null : before.pending };
  if (end.status === "deployed") {
    await store.write({ ...ended, current: { ...plan.to, rollout: request.id, since: at } });
  } else if (end.status === "rolled-back") {
    await store.write(ended);
  } else {
    const state = await inspect(scope).catch(() => null);
    await store.write(state === null ? ended : reconcile(ended, state, at));
  }
}
