import {
  currentDeployment,
  openDeployments,
  ProcessTarget,
  scopedSpec,
  type Deployment,
  type DeploymentStore,
  type Target,
  type TargetSpec,
  type TargetState,
  type TenantScope,
} from "../release/index.ts";
import { appOf } from "./release-store.ts";
import { targetOf } from "./rollout-driver.ts";
import type { Session } from "./session.ts";

/** What one tenant runs, by the record and by the target. */
export interface TenantStatus {
  readonly deployment: Deployment;
  readonly state: TargetState;
}

/**
 * What runs where: every tenant that was ever deployed.
 *
 * @param environment - a name or alias; all environments if left out
 * @param tenants - only these; all if empty
 * @param store - where it is written down, if not in the workspace
 */
export async function statusOf(
  session: Session,
  environment: string | undefined,
  tenants: readonly string[],
  store: DeploymentStore = openDeployments(session.state),
): Promise<readonly TenantStatus[]> {
  const name = environment === undefined ? undefined : session.engine.environment(environment);
  const scopes = (await store.list()).filter(
    (scope) =>
      (name === undefined || scope.environment === name) &&
      (tenants.length === 0 || tenants.includes(scope.tenant)),
  );
  if (scopes.length === 0) return [];
  const described = appOf(session).target as unknown as TargetSpec;
  const targetFor = (scope: TenantScope): Target => targetOf(session, scopedSpec(described, scope));
  return await Promise.all(
    scopes.map((scope) => currentDeployment(store, targetFor(scope), scope, session.clock)),
  );
}

/** Ends everything that the target runs for this workspace. @throws LotseError `target.*` */
export async function stopTarget(session: Session): Promise<void> {
  const target = new ProcessTarget(session.state, session.clock);
  await session.recorder.change({ action: "target.stop", object: target.type }, () => target.stopAll());
}
