/**
 * A controller of the fault suite on real hosts, in a process of its own. Settings come as JSON in
 * `LOTSE_TEST_WORKER`; for its signals see `runWorker`.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock, systemExec } from "@lotse/core/kernel";
import { openGate, payloadsOf, targetDriver, type RolloutDriver } from "@lotse/core/release";
import { z } from "zod";
import { TestWorkspace } from "../../../packages/core/src/release/testing/test-workspace.ts";
import { openHostTarget } from "../../../packages/core/src/release/targets/host/host-target.ts";
import type { Database } from "../../../packages/engine/src/database/database.ts";
import { Striker } from "../../../packages/engine/src/faults/testing/striker.ts";
import { postgresDeployments } from "../../../packages/engine/src/releases/postgres-deployments.ts";
import { runWorker } from "../../../packages/engine/src/testing/run-worker.ts";

const settings = z
  .strictObject({ url: z.string(), world: z.string(), workspace: z.string() })
  .parse(JSON.parse(process.env["LOTSE_TEST_WORKER"] ?? "{}"));
const { world } = settings;
const striker = new Striker(world);
const workspace = new TestWorkspace(settings.workspace);

/** How long into a step its middles are, in milliseconds. */
const middles = [20, 300];

/** Dies by SIGKILL at the places that are written down, at each of them once. */
async function at(point: string, key: string): Promise<void> {
  const place = `${point} ${key}`;
  const file = join(world, "places.json");
  const places = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as string[]) : [];
  const marker = join(world, `died ${place.replaceAll("/", "_")}`);
  if (places.includes(place) && !existsSync(marker)) {
    writeFileSync(marker, JSON.stringify({ at: Date.now(), pid: process.pid }));
    process.kill(process.pid, "SIGKILL");
  }
  const last = join(world, "last.json");
  writeFileSync(last, JSON.stringify({ at: Date.now(), pid: process.pid }));
  await striker.at(point, key);
}

function driver(database: Database): RolloutDriver {
  const inner = targetDriver({
    clock: systemClock,
    deployments: postgresDeployments(database),
    releaseOf: (id) => workspace.releases.get(id),
    targetFor: (release) => openHostTarget(release.target, { clock: systemClock, owner: "faults" }),
    payloadFor: (release, scope) => payloadsOf(workspace.releases, release)(scope),
    hooksOf: ({ hooks }) => hooks ?? {},
    openGate: (spec) => openGate(spec, { clock: systemClock, exec: systemExec, directory: world }),
  });
  return {
    ...inner,
    act: async (request, step, effect) => {
      const timers = middles.map((ms) => setTimeout(() => void at(`middle-${ms}`, effect.key), ms));
      try {
        return await inner.act(request, step, effect);
      } finally {
        for (const timer of timers) clearTimeout(timer);
      }
    },
  };
}

await runWorker({ url: settings.url, world, driver, at });
