import {
  openDeployments,
  planPrune,
  type Deployment,
  type DeploymentStore,
  type PrunePlan,
  type Pruned,
} from "../release/index.ts";
import { appOf, releasesOf } from "./release-store.ts";
import type { Session } from "./session.ts";

/** What `release prune` came to. */
export interface PruneResult {
  readonly plan: PrunePlan;
  /** What was removed besides the records; null for a dry run. */
  readonly swept: Pick<Pruned, "files" | "bytes"> | null;
}

/** What `release prune` is told. */
export interface PruneRequest {
  /** @defaultValue `app.keep` */
  readonly keep?: number | undefined;
  readonly dryRun?: boolean | undefined;
  /** Further releases that stay, such as those that rollouts in a shared database name. */
  readonly inUse?: (() => Promise<ReadonlySet<string>>) | undefined;
  /** Where it is written down what tenants run. @defaultValue the workspace's own */
  readonly deployments?: Pick<DeploymentStore, "list" | "read"> | undefined;
}

/**
 * Removes the releases that nobody needs, and what only they held. Kept are the newest `app.keep`, and those that
 * {@link releasesInUse} names.
 *
 * @throws LotseError `rollout.state` when a deployment cannot be read, `release.corrupt`; nothing is removed then
 */
export async function pruneReleases(session: Session, request: PruneRequest = {}): Promise<PruneResult> {
  const keep = request.keep ?? appOf(session).keep;
  const store = releasesOf(session);
  const inUse = async (): Promise<ReadonlySet<string>> =>
    new Set([...(await releasesInUse(session, request.deployments)), ...((await request.inUse?.()) ?? [])]);
  const access = { action: "release.prune", object: `keep ${keep}` };
  if (request.dryRun === true) {
    await session.recorder.read({ ...access, details: { dryRun: true } });
    return { plan: planPrune(await store.list(), keep, await inUse()), swept: null };
  }
  const { plan, files, bytes } = await session.recorder.change(
    access,
    () => store.prune(keep, inUse),
    ({ plan: { removed } }) => ({ outcome: "success", details: { removed: removed.length } }),
  );
  return { plan, swept: { files, bytes } };
}

/**
 * The ids of the releases that something needs: what a tenant runs, what it would go back to, and what a rollout
 * under way names.
 *
 * @throws LotseError `rollout.state`
 */
export async function releasesInUse(
  session: Pick<Session, "state">,
  store: Pick<DeploymentStore, "list" | "read"> = openDeployments(session.state),
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const scope of await store.list()) {
    for (const id of neededBy(await store.read(scope))) found.add(id);
  }
  return found;
}

/** Also from a rollout that was undone, the last good release before the present one is the way back. */
function neededBy({ current, pending, history }: Deployment): readonly string[] {
  const before = history.find(
    ({ status, release }) =>
      (status === "deployed" || status === "recovered") && release !== current?.release,
  );
  return [current?.release, pending?.release, before?.release].filter((id) => id !== undefined);
}
