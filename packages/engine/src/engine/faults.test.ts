import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { Sensitive } from "@lotse/core/kernel";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { PostgresAuditStore } from "../audit/postgres-store.ts";
import { keyOf } from "../rollout/plan.ts";
import { auditLogOf } from "../testing/audit-log.ts";
import { FileDriver } from "../testing/file-driver.ts";
import { FlakyProxy } from "../testing/flaky-proxy.ts";
import { blueGreenPlan, blueGreenSteps } from "../testing/plans.ts";
import { TestServer } from "../testing/test-server.ts";
import { WorkerFleet, WorkerProcess } from "../testing/worker-process.ts";
import { openEngine, type Engine } from "./open-engine.ts";

/** Everything between the steps, and in the middle of them. */
const points = ["step-begun", "before-effect", "after-effect", "step-acted", "step-ended", "step-recorded"];
const actor = { kind: "user", id: "alice" } as const;
const timeout = 600_000;

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
}, timeout);
afterAll(() => server.dispose(), timeout);

/** A database, a world and an engine that looks on. */
async function scene(name: string): Promise<{ url: Sensitive<string>; world: string; engine: Engine }> {
  const url = await server.database(name);
  const world = join(server.root, `world-${name}`);
  await mkdir(world);
  return { url, world, engine: await openEngine({ url }) };
}

/** How a rollout has to end, and which steps have had their effect. */
interface End {
  readonly state: "deployed" | "failed";
  readonly active: string;
  readonly steps: readonly (readonly [number, string])[];
}

/** What has to hold after a rollout, whatever happened in it. */
async function expectEnd(engine: Engine, world: string, id: string, end: End): Promise<void> {
  const status = await engine.rollouts.finished(id);
  expect({ id, state: status.state, reason: status.reason }).toEqual({ id, state: end.state, reason: null });
  const { effects, active, log } = await new FileDriver(world).world(id);
  const keys = end.steps.map(([ordinal, name]) => keyOf(id, 1, id, ordinal, name));
  expect(effects).toEqual(Object.fromEntries(keys.map((key) => [key, 1])));
  expect(active).toBe(end.active);
  const fences = log.filter(({ was }) => was !== "refused").map(({ fence }) => fence);
  expect(fences).toEqual(fences.toSorted((a, b) => a - b));
  const { rows: locks } = await engine.database.query("SELECT rollout FROM lotse.locks WHERE tenant = $1", [
    id,
  ]);
  expect(locks).toEqual([{ rollout: null }]);
  const outcome = end.state === "deployed" ? "success" : "failure";
  expect(await trailOf(engine, world, id)).toEqual([
    "rollout.start intent",
    `rollout.deploy ${outcome}`,
    `rollout.start ${outcome}`,
  ]);
}

/** What the audit log tells of a rollout, once everything that waits has its place; the log must be sound. */
async function trailOf(engine: Engine, world: string, id: string): Promise<readonly string[]> {
  await vi.waitFor(
    async () => {
      const { rows } = await engine.database.query(
        "SELECT FROM lotse.audit_outbox WHERE event->>'object' = $1",
        [id],
      );
      expect(rows).toEqual([]);
    },
    { timeout: 60_000, interval: 50 },
  );
  const log = auditLogOf(world, new PostgresAuditStore(engine.database));
  const trail: string[] = [];
  for await (const { action, object, outcome } of log.list())
    if (object === id) trail.push(`${action} ${outcome}`);
  expect(await log.verify()).toMatchObject({ reason: null, ok: true });
  // The newest comes first.
  return trail.reverse();
}

const forward = blueGreenSteps.map((name, at) => [at, name] as const);
const deployed = { state: "deployed", active: "green", steps: forward } as const;

/**
 * Kills a worker at each point of each step. All rollouts are under way at once, so a kill hits the others at
 * random places too, and may make one skip its own point: those get another round.
 */
async function killEverywhere(
  name: string,
  steps: readonly (readonly [number, string])[],
  failing: string | undefined,
  end: End,
): Promise<void> {
  const { url, world, engine } = await scene(name);
  const rounds = ["a", "b", "c", "d", "e", "f"];
  const casesOf = (round: string): readonly { id: string; place: string; fault: string }[] =>
    steps.flatMap(([ordinal, step]) =>
      points.map((point) => {
        const id = `${step}-${point}-${round}`;
        return { id, place: `${step} ${point}`, fault: `${point} ${keyOf(id, 1, id, ordinal, step)}` };
      }),
    );
  const fleet = new WorkerFleet({ url, world, faults: rounds.flatMap(casesOf).map(({ fault }) => fault) });
  const missing = new Set(casesOf("a").map(({ place }) => place));
  const deaths = async (): Promise<readonly string[]> =>
    (await readdir(world)).filter((file) => file.startsWith("died "));
  try {
    await fleet.start(2);
    for (const round of rounds) {
      const cases = casesOf(round).filter(({ place }) => missing.has(place));
      for (const { id } of cases)
        await engine.rollouts.startRollout(blueGreenPlan(id, [id], failing), { actor });
      for (const { id } of cases) await expectEnd(engine, world, id, end);
      const died = await deaths();
      for (const { place, fault } of cases)
        if (died.includes(`died ${fault.replaceAll("/", "_")}`)) missing.delete(place);
    }
    expect([...missing]).toEqual([]);
    expect(fleet.deaths).toBe((await deaths()).length);
  } finally {
    await fleet.stop();
    await engine.close();
  }
}

describe("kill -9 of the worker", () => {
  it(
    "at every boundary and in the middle of every step: the same end, each effect once",
    () => killEverywhere("boundaries", forward, undefined, deployed),
    timeout,
  );

  it(
    "while a failed rollout is undone: it is undone once",
    () => {
      const undo = [[7, "restore"] as const, [8, "discard"] as const];
      const steps = [...forward.slice(0, 4), ...undo];
      return killEverywhere("undo", undo, "verify", { state: "failed", active: "blue", steps });
    },
    timeout,
  );

  it(
    "a worker that was taken for dead ends itself and does nothing more",
    async () => {
      const { url, world, engine } = await scene("zombie");
      const first = await new WorkerProcess({ url, world, delayMs: 500 }).ready();
      await engine.rollouts.startRollout(blueGreenPlan("zombie", ["zombie"]), { actor });
      while ((await engine.rollouts.status("zombie")).steps.length < 3) await pause(50);
      first.signal("SIGSTOP");
      const second = await new WorkerProcess({ url, world, delayMs: 20 }).ready();
      try {
        await engine.rollouts.finished("zombie");
        first.signal("SIGCONT");
        // The exit status of a machine's failure: it found its lease ended.
        expect(await first.ended).toBe(6);
        await expectEnd(engine, world, "zombie", deployed);
      } finally {
        await first.kill();
        await second.kill();
        await engine.close();
      }
    },
    timeout,
  );

  it(
    "a worker that is stopped in the middle hands on what it leaves",
    async () => {
      const { url, world, engine } = await scene("term");
      const first = await new WorkerProcess({ url, world, delayMs: 300 }).ready();
      await engine.rollouts.startRollout(blueGreenPlan("term", ["term"]), { actor });
      while ((await engine.rollouts.status("term")).steps.length < 3) await pause(50);
      const second = await new WorkerProcess({ url, world, delayMs: 20 }).ready();
      try {
        first.signal("SIGTERM");
        expect(await first.ended).toBe(0);
        await expectEnd(engine, world, "term", deployed);
      } finally {
        await second.kill();
        await engine.close();
      }
    },
    timeout,
  );
});

describe("the database", () => {
  it(
    "kill -9 of it, again and again: rollouts go on where they were",
    async () => {
      const { url, world, engine } = await scene("power");
      const ids = Array.from({ length: 10 }, (_, at) => `power-${at}`);
      const fleet = new WorkerFleet({ url, world, delayMs: 150 });
      try {
        await fleet.start(2);
        for (const id of ids) await engine.rollouts.startRollout(blueGreenPlan(id, [id]), { actor });
        for (let kill = 0; kill < 3; kill++) {
          await pause(400);
          server.kill();
          await server.restart();
        }
        for (const id of ids) await expectEnd(engine, world, id, deployed);
        expect(fleet.deaths).toBe(0);
      } finally {
        await fleet.stop();
        await engine.close();
      }
    },
    timeout,
  );

  it(
    "answers that are lost after the commit: nothing is done twice",
    async () => {
      const { url, world, engine } = await scene("flaky");
      const ids = Array.from({ length: 10 }, (_, at) => `flaky-${at}`);
      const { proxy, port } = await FlakyProxy.listen(server.server.port, 23);
      const through = new Sensitive(url.reveal().replace(/:\d+\//u, `:${port}/`));
      const fleet = new WorkerFleet({ url: through, world, delayMs: 10 });
      const flakyEngine = await openEngine({ url: through });
      try {
        await fleet.start(2);
        for (const id of ids) await flakyEngine.rollouts.startRollout(blueGreenPlan(id, [id]), { actor });
        for (const id of ids) await expectEnd(engine, world, id, deployed);
        expect(proxy.lost).toBeGreaterThan(10);
      } finally {
        await fleet.stop();
        await flakyEngine.close();
        await proxy.close();
        await engine.close();
      }
    },
    timeout,
  );
});

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
