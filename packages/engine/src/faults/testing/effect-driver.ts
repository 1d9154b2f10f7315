import { systemClock, systemExec } from "@lotse/core/kernel";
import { openGate, targetDriver, type RolloutDriver } from "@lotse/core/release";
import type { Database } from "../../database/database.ts";
import { postgresDeployments } from "../../releases/postgres-deployments.ts";
import { FileTarget } from "./file-target.ts";
import { releaseOf, sceneOf } from "./scenes.ts";
import { Worlds } from "./world.ts";

/** Called at a place where a controller may die. */
export type At = (point: string, key: string) => Promise<void>;

/**
 * The driver that the product uses, with plans, gates and records of its own, over targets that are files.
 *
 * @param world - the directory of the files
 */
export function effectDriver(database: Database, world: string, at: At): RolloutDriver {
  const worlds = new Worlds(world);
  const forTenant = (tenant: string): RolloutDriver =>
    targetDriver({
      clock: systemClock,
      deployments: postgresDeployments(database),
      releaseOf: (id) => Promise.resolve(releaseOf(id, tenant)),
      targetFor: () => new FileTarget({ worlds, hosts: sceneOf(tenant).hosts, onEffect: at }),
      payloadFor: (release) => ({
        release: release.id,
        version: release.version,
        spec: {},
        materialise: () => Promise.reject(new Error("nothing to write")),
      }),
      hooksOf: () => sceneOf(tenant).hooks ?? {},
      openGate: (spec) => openGate(spec, { clock: systemClock, exec: systemExec, directory: world }),
    });
  return withBookkeeping(forTenant, at);
}

/** Planning and writing down have a middle, too: it is done, and nobody was told. */
function withBookkeeping(of: (tenant: string) => RolloutDriver, at: At): RolloutDriver {
  return {
    plan: async (request, scope, signal) => {
      const plan = await of(scope.tenant).plan(request, scope, signal);
      await at("effect-done", `${request.id}.1/${scope.tenant}/-2-plan`);
      return plan;
    },
    act: (request, step, effect) => of(effect.tenant).act(request, step, effect),
    begun: async (request, plan, effect) => {
      await of(effect.tenant).begun(request, plan, effect);
      await at("effect-done", effect.key);
    },
    ended: async (request, plan, end, effect) => {
      await of(effect.tenant).ended(request, plan, end, effect);
      await at("effect-done", effect.key);
    },
  };
}
