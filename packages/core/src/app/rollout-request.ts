import { randomBytes } from "node:crypto";
import { suggest } from "../config/index.ts";
import { isLotseError, LotseError } from "../kernel/index.ts";
import {
  defaultStrategy,
  openDeployments,
  previousRelease,
  rolloutRequestSchema,
  type DeploymentStore,
  type Release,
  type ReleaseStore,
  type RolloutRequest,
  type SomeTenants,
  type StrategyDefinition,
  type TenantPlan,
} from "../release/index.ts";
import { releasesOf } from "./release-store.ts";
import { rolloutDriver, type RolloutDriverOptions } from "./rollout-driver.ts";
import { withoutSecrets } from "./secrets/deploy.ts";
import type { Session } from "./session.ts";
import { readStrategy } from "./strategy-file.ts";

/** What `deploy` and `rollback` are told. */
export interface WantedRollout {
  /** A name or alias. */
  readonly environment: string;
  /** A release by id, unique beginning of it, or version; `undefined` goes back to the one before. */
  readonly release: string | undefined;
  /** In the order in which they are deployed; all tenants that the release has there, if empty. */
  readonly tenants: readonly string[];
  /** The name of a file in `strategies/`, or of a built-in one. @defaultValue `blue-green` */
  readonly strategy?: string | undefined;
  readonly force?: boolean | undefined;
  readonly acceptIrreversible?: boolean | undefined;
  /** @defaultValue `rollback` where no release is named */
  readonly kind?: "deploy" | "rollback" | undefined;
}

/** A request that may be handed to the engine. */
export interface RequestedRollout {
  readonly request: RolloutRequest;
  readonly release: Release;
  /** What somebody should know before it begins. */
  readonly warnings: readonly string[];
}

/** Where records are, where that is not the workspace. */
export interface RequestOptions extends Pick<RolloutDriverOptions, "deployments" | "releases" | "wrap"> {
  /**
   * Brings a release here that is not here, by its id, the beginning of it, or its version.
   *
   * @defaultValue what is not here is not found
   */
  readonly bring?: (reference: string) => Promise<void>;
}

/**
 * Makes of what somebody wants a request for the engine, and refuses early what would be refused late: the release
 * and each of its objects that these tenants get must be there and whole, signed by whom it must be, hold something
 * for each tenant, and leave a way back.
 *
 * @throws LotseError `release.*`, `rollout.not-in-release`, `rollout.nothing-to-undo`, `rollout.irreversible`,
 * `rollout.strategy`, `usage.unknown-strategy`, `target.*`
 */
export async function rolloutRequest(
  session: Session,
  wanted: WantedRollout,
  options: RequestOptions = {},
): Promise<RequestedRollout> {
  const environment = session.engine.environment(wanted.environment);
  const strategy = readStrategy(session, wanted.strategy ?? defaultStrategy);
  const releases = options.releases ?? releasesOf(session);
  const deployments = options.deployments ?? openDeployments(session.state);
  const reference = wanted.release ?? (await releaseBefore(deployments, environment, wanted.tenants));
  const release = await releaseNamed(releases, reference, environment, options.bring);
  const tenants = tenantsIn(release, environment, wanted.tenants);
  const stop = new AbortController();
  const wish = { ...wanted, environment, tenants };
  const planned = plannedRequest(session, wish, { release, strategy }, { ...options, signal: stop.signal });
  planned.catch(() => undefined);
  try {
    // Every byte is read while the targets are asked. Of two troubles this one is told: it explains the other.
    await refuseDamaged(releases, release, { environment, tenants });
  } catch (error) {
    stop.abort(error);
    await planned.catch(() => undefined);
    throw error;
  }
  return await planned;
}

async function plannedRequest(
  session: Session,
  wanted: WantedRollout,
  { release, strategy }: { readonly release: Release; readonly strategy: StrategyDefinition },
  options: DryRunOptions,
): Promise<RequestedRollout> {
  const { environment, tenants, force, acceptIrreversible } = wanted;
  const releases = options.releases ?? releasesOf(session);
  const bare = await withoutSecrets(session, releases, release, environment, tenants);
  const request = rolloutRequestSchema.parse({
    id: rolloutId(session),
    kind: wanted.kind ?? (wanted.release === undefined ? "rollback" : "deploy"),
    environment,
    release: { id: release.id, version: release.version },
    strategy,
    tenants,
    force,
    acceptIrreversible,
    by: `${session.actor.kind}:${session.actor.id}`.slice(0, 256),
  });
  await dryRun(session, request, options);
  return { request, release, warnings: bare.length === 0 ? [] : [bareWarning(bare, environment)] };
}

/** How it is planned without doing anything. */
export interface DryRunOptions extends RequestOptions {
  /** Ends it. */
  readonly signal?: AbortSignal;
}

/**
 * Plans what a request would do at present to each tenant, and does nothing.
 *
 * @throws LotseError as `planTenant`; `target.*`
 */
export async function dryRun(
  session: Session,
  request: RolloutRequest,
  options: DryRunOptions = {},
): Promise<readonly TenantPlan[]> {
  const driver = rolloutDriver(session, { ...options, readOnly: true });
  const plans: TenantPlan[] = [];
  const { signal = new AbortController().signal } = options;
  for (const tenant of request.tenants) {
    signal.throwIfAborted();
    plans.push(await driver.plan(request, { environment: request.environment, tenant }, signal));
  }
  return plans;
}

/** Sorts by time, and two in the same second do not clash. */
function rolloutId(session: Session): string {
  const time = session.clock
    .now()
    .toISOString()
    .replaceAll(/[-:]|\.\d+/gu, "");
  return `${time}-${randomBytes(3).toString("hex")}`;
}

function bareWarning(bare: readonly string[], environment: string): string {
  return `${bare.join(", ")} will run without secrets: ${environment} has no secret file for them`;
}

async function releaseNamed(
  releases: ReleaseStore,
  reference: string,
  environment: string,
  bring: RequestOptions["bring"],
): Promise<Release> {
  try {
    return await releases.get(reference, environment);
  } catch (error) {
    if (bring === undefined || !isLotseError(error) || error.code !== "release.not-found") throw error;
    await bring(reference);
    return await releases.get(reference, environment);
  }
}

async function refuseDamaged(releases: ReleaseStore, release: Release, only: SomeTenants): Promise<void> {
  const { problems } = await releases.verify(release, only);
  const [first] = problems;
  if (first === undefined) return;
  throw new LotseError({
    code: "release.corrupt",
    message: `release ${release.version} is damaged: ${first}`,
    hint: `lotse release verify ${release.version} tells all of it`,
  });
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
  store: DeploymentStore,
  environment: string,
  tenants: readonly string[],
): Promise<string> {
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
