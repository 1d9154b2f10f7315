import { isLotseError } from "@lotse/core/kernel";
import type { RolloutDriver } from "@lotse/core/release";
import type { Database } from "../database/database.ts";
import { postgresDeployments } from "./postgres-deployments.ts";
import { fetchRelease } from "./shared-releases.ts";

/**
 * A driver for workers that share a database and no disk: brings the releases that a rollout needs into this
 * worker's workspace before it acts.
 *
 * @param directory - the absolute path of the workspace's `.lotse`
 */
export function sharingDriver(driver: RolloutDriver, database: Database, directory: string): RolloutDriver {
  const deployments = postgresDeployments(database);
  const here = new Set<string>();
  const bring = async (release: string): Promise<void> => {
    if (!here.has(release)) await fetchRelease(database, directory, release);
    here.add(release);
  };
  return {
    plan: async (request, scope, signal) => {
      await bring(request.release.id);
      const { current } = await deployments.read(scope);
      // The way back is judged by it. One that nobody has any more does not keep a new one from coming.
      if (current !== null) await bring(current.release).catch(passIfOfRelease);
      return driver.plan(request, scope, signal);
    },
    act: async (request, step, effect) => {
      await bring(step.input.release);
      return driver.act(request, step, effect);
    },
    begun: (...args) => driver.begun(...args),
    ended: (...args) => driver.ended(...args),
  };
}

/** A database that does not answer is no proof that nobody has a release. */
function passIfOfRelease(error: unknown): void {
  if (!isLotseError(error) || !error.code.startsWith("release.")) throw error;
}
