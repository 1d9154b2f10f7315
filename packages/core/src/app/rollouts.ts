import { randomBytes } from "node:crypto";
import { suggest } from "../config/index.ts";
import { LotseError } from "../kernel/index.ts";
import {
  applyRollout,
  currentDeployments,
  openDeployments,
  payloadsOf,
  planRollout,
  previousRelease,
  ProcessTarget,
  type Deployment,
  type DeploymentStore,
  type Outcome,
  type Plan,
  type Release,
  type RolloutEvent,
  type Target,
  type TargetState,
} from "../release/index.ts";
import { appOf, releasesOf } from "./release-store.ts";
import { targetOfRelease } from "./rollout-driver.ts";
import { filesForRelease, secretsForRelease, withoutSecrets } from "./secrets/deploy.ts";
import type { Session } from "./session.ts";

/** What `deploy` and `rollback` are told. */
export interface LegacyRolloutRequest {
  /** A name or alias. */
  readonly environment: string;
  /** A release by id, unique beginning of it, or version; `undefined` goes back to the one before. */
  readonly release: string | undefined;
  /** In the order in which they are deployed. @defaultValue all tenants that the release has there */
  readonly tenants: readonly string[];
  readonly strategy?: string | undefined;
  readonly force?: boolean | undefined;
}

/** A rollout that is planned and may be carried out. */
export interface PlannedRollout {
  readonly plan: Plan;
  readonly release: Release;
  /** What somebody should know before it begins. */
  readonly warnings: readonly string[];
  apply(options: {
    readonly signal?: AbortSignal;
    readonly onEvent?: (event: RolloutEvent) => void;
  }): Promise<Outcome>;
}

/**
 * Plans rolling out a release: what each tenant runs now, what it will run, and the steps between.
 *
 * @throws LotseError `release.not-found`, `rollout.not-in-release`, `rollout.nothing-to-undo`,
 * `usage.unknown-strategy`, `target.*`
 */
export async function prepareRollout(session: Session, request: LegacyRolloutRequest): Promise<PlannedRollout> {
  const environment = session.engine.environment(request.environment);
  const releases = releasesOf(session);
  const store = openDeployments(session.state);
  const reference = request.release ?? (await releaseBefore(session, environment, request.tenants));
  const release = await releases.get(reference, environment);
  const tenants = tenantsIn(release, environment, request.tenants);
  const bare = await withoutSecrets(session, releases, release, environment, tenants);
  const target = targetOfRelease(session, release);
  const scopes = tenants.map((tenant) => ({ environment, tenant }));
  const plan = planRollout({
    id: rolloutId(session),
    release,
    environment,
    tenants,
    strategy: request.strategy,
    deployments: await currentDeployments(store, target, scopes, session.clock),
    force: request.force,
  });
  await session.recorder.read({
    action: "rollout.plan",
    object: plan.id,
    scope: { environment },
    version: release.version,
    fingerprint: release.id,
  });
  return {
    plan,
    release,
    warnings:
      bare.length === 0
        ? []
        : [`${bare.join(", ")} will run without secrets: ${environment} has no secret file for them`],
    apply: async ({ signal, onEvent }) =>
      await audited(session, request, plan, () =>
        applyRollout(plan, {
          target,
          deployments: store,
          payloadFor: payloadsOf(
            releases,
            release,
            (scope) => secretsForRelease(session, releases, release, scope),
            (scope) => filesForRelease(session, releases, release, scope),
          ),
          clock: session.clock,
          actor: session.actor,
          ...(signal === undefined ? {} : { signal }),
          ...(onEvent === undefined ? {} : { onEvent }),
        }),
      ),
  };
}

/** One entry for each tenant before the rollout begins, and one for each when it has ended. */
async function audited(
  session: Session,
  request: LegacyRolloutRequest,
  plan: Plan,
  roll: () => Promise<Outcome>,
): Promise<Outcome> {
  const accesses = plan.tenants.map(({ tenant }) => ({
    action: request.release === undefined ? "rollout.rollback" : "rollout.deploy",
    object: plan.id,
    scope: { environment: plan.environment, tenant },
    version: plan.release.version,
    fingerprint: plan.release.id,
  }));
  return await session.recorder.changeAll(accesses, roll, (outcome, { scope }) => {
    const own = outcome.tenants.find(({ tenant }) => tenant === scope.tenant);
    const good = own?.status === "deployed" || own?.status === "up-to-date";
    return { outcome: good ? "success" : "failure", details: { status: own?.status ?? "unknown" } };
  });
}

/** Sorts by time, and two in the same second do not clash. */
function rolloutId(session: Session): string {
  const time = session.clock
    .now()
    .toISOString()
    .replaceAll(/[-:]|\.\d+/gu, "");
  return `${time}-${randomBytes(3).toString("hex")}`;
}

function tenantsIn(release: Release, environment: string, wanted: readonly string[]): readonly string[] {
  const known = Object.keys(release.configurations[environment] ?? {}).sort();
  if (wanted.length > 0) return wanted;
  if (known.length > 0) return known;
  throw new LotseError({
    code: "rollout.not-in-release",
    message: `release ${release.version} has nothing for ${environment}`,
    hint: suggest(environment, Object.keys(release.configurations)),
  });
}

/** The release that all the tenants ran before their present one. */
async function releaseBefore(
  session: Session,
  environment: string,
  tenants: readonly string[],
): Promise<string> {
  const store = openDeployments(session.state);
  const known = (await store.list()).filter((scope) => scope.environment === environment);
  const scopes = tenants.length === 0 ? known : tenants.map((tenant) => ({ environment, tenant }));
  const before = new Set<string>();
  for (const scope of scopes) before.add(previousRelease(await store.read(scope)));
  const [only, ...others] = before;
  if (only !== undefined && others.length === 0) return only;
  throw new LotseError({
    code: "rollout.nothing-to-undo",
    message:
      only === undefined
        ? `nothing was deployed to ${environment} yet`
        : `the tenants of ${environment} ran different releases before`,
    hint:
      only === undefined ? "deploy a release first" : "name one with --to, or single tenants with --tenant",
  });
}

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
  const target = targetOf(session);
  const deployments = await currentDeployments(store, target, scopes, session.clock);
  return await Promise.all(
    deployments.map(async (deployment) => ({
      deployment,
      state: await target.inspect({ environment: deployment.environment, tenant: deployment.tenant }),
    })),
  );
}

/** The target that `lotse.yml` names. @throws LotseError `release.no-target`, `target.spec` */
function targetOf(session: Session): Target {
  return targetOfRelease(session, { target: appOf(session).target as Release["target"] });
}

/** Ends everything that the target runs for this workspace. @throws LotseError `target.*` */
export async function stopTarget(session: Session): Promise<void> {
  const target = new ProcessTarget(session.state, session.clock);
  await session.recorder.change({ action: "target.stop", object: target.type }, () => target.stopAll());
}
