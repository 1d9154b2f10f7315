import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { Sensitive } from "@lotse/core/kernel";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { PostgresAuditStore } from "../audit/postgres-store.ts";
import { keyOf } from "../rollout/keys.ts";
import { auditLogOf } from "../testing/audit-log.ts";
import { FileDriver } from "../testing/file-driver.ts";
import { FlakyProxy } from "../testing/flaky-proxy.ts";
import { blueGreenSteps, requestFor } from "../testing/requests.ts";
import { TestServer } from "../testing/test-server.ts";
import { WorkerFleet, WorkerProcess } from "../testing/worker-process.ts";
import { openEngine, type Engine } from "./open-engine.ts";

/** Everything between the steps, and in the middle of them; planning has no effect. */
const points = ["step-begun", "before-effect", "after-effect", "step-acted", "step-ended", "step-recorded"];
const effectPoints: ReadonlySet<string> = new Set(["before-effect", "after-effect"]);
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
  readonly steps: readonly Placed[];
}

/** A step by its ordinal and its name. */
type Placed = readonly [number, string];
const planning: Placed = [-2, "plan"];
const begin: Placed = [-1, "begin"];
const ending: Placed = [1_000_000, "end"];

/** What has to hold after a rollout, whatever happened in it. */
async function expectEnd(engine: Engine, world: string, id: string, end: End): Promise<void> {
  const status = await engine.rollouts.finished(id);
  expect({ id, state: status.state, reason: status.reason }).toEqual({ id, state: end.state, reason: null });
  const { effects, active, log, ended } = await new FileDriver(world).world(id);
  const keys = end.steps.map(([ordinal, name]) => keyOf(id, 1, id, ordinal, name));
  expect(effects).toEqual(Object.fromEntries(keys.map((key) => [key, 1])));
  expect(active).toBe(end.active);
  expect(ended).toEqual([end.state === "deployed" ? "deployed" : "rolled-back"]);
  const fences = log.filter(({ was }) => was !== "refused").map(({ fence }) => fence);
  expect(fences).toEqual(fences.toSorted((a, b) => a - b));
  const { rows: locks } = await engine.database.query("SELECT rollout FROM lotse.locks WHERE tenant = $1", [
    id,
  ]);
  expect(locks).toEqual([{ rollout: null }]);
  const outcome = end.state === "deployed" ? "success" : "failure";
  expect(await trailOf(engine, world, id)).toEqual([
    "rollout.deploy intent",
    `rollout.tenant ${outcome}`,
    `rollout.deploy ${outcome}`,
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

const forward = blueGreenSteps.map((name, at): Placed => [at, name]);
const deployed = { state: "deployed", active: "green", steps: [begin, ...forward, ending] } as const;

/** A rollout of its own for each point of each step. */
function casesOf(
  round: string,
  steps: readonly Placed[],
): readonly { id: string; place: string; fault: string }[] {
  return steps.flatMap(([ordinal, step]) =>
    points
      .filter((point) => step !== "plan" || !effectPoints.has(point))
      .map((point) => {
        const id = `${step}-${point}-${round}`;
        return { id, place: `${step} ${point}`, fault: `${point} ${keyOf(id, 1, id, ordinal, step)}` };
      }),
  );
}

/**
 * Kills a worker at each point of each step. All rollouts are under way at once: those of a worker wait, each
 * at its own point, and then die together. One that was hit elsewhere first, and so skipped its own point, gets
 * another round.
 */
async function killEverywhere(
  name: string,
  steps: readonly Placed[],
  failing: string | undefined,
  end: End,
): Promise<void> {
  const { url, world, engine } = await scene(name);
  const rounds = ["a", "b", "c", "d"];
  const faults = rounds.flatMap((round) => casesOf(round, steps).map(({ fault }) => fault));
  const fleet = new WorkerFleet({ url, world, faults });
  const missing = new Set(casesOf("a", steps).map(({ place }) => place));
  const filesOf = async (prefix: string): Promise<readonly string[]> =>
    (await readdir(world)).filter((file) => file.startsWith(prefix));
  try {
    await fleet.start(2);
    for (const round of rounds) {
      const cases = casesOf(round, steps).filter(({ place }) => missing.has(place));
      for (const { id } of cases) {
        const odd = failing === undefined ? {} : { failing };
        await engine.rollouts.startRollout(requestFor(id, [id], odd), { actor });
      }
      for (const { id } of cases) await expectEnd(engine, world, id, end);
      const died = new Set(await filesOf("died "));
      for (const { place, fault } of cases)
        if (died.has(`died ${fault.replaceAll("/", "_")}`)) missing.delete(place);
      if (missing.size === 0) break;
    }
    expect([...missing]).toEqual([]);
    expect(fleet.deaths).toBe((await filesOf("death ")).length);
  } finally {
    await fleet.stop();
    await engine.close();
  }
}

describe.concurrent("kill -9 of the worker", () => {
  it(
    "at every boundary and in the middle of every step: the same end, each effect once",
    () => killEverywhere("boundaries", [planning, begin, ...forward, ending], undefined, deployed),
    timeout,
  );

  it(
    "while a failed rollout is undone: it is undone once",
    () => {
      const undo = [[7, "restore"] as const, [8, "discard"] as const];
      const steps = [begin, ...forward.slice(0, 4), ...undo, ending];
      return killEverywhere("undo", [...undo, ending], "verify", { state: "failed", active: "blue", steps });
    },
    timeout,
  );

  it(
    "a worker that was taken for dead ends itself and does nothing more",
    async () => {
      const { url, world, engine } = await scene("zombie");
      const first = await new WorkerProcess({ url, world, delayMs: 500 }).ready();
      await engine.rollouts.startRollout(requestFor("zombie", ["zombie"]), { actor });
      while ((await begunSteps(engine, "zombie")) < 3) await pause(50);
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
      await engine.rollouts.startRollout(requestFor("term", ["term"]), { actor });
      while ((await begunSteps(engine, "term")) < 3) await pause(50);
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

  it(
    "a worker that is stopped while rollouts wait ends by itself, and another one takes them over",
    async () => {
      const { url, world, engine } = await scene("waiting");
      const first = await new WorkerProcess({ url, world }).ready();
      const waits = {
        paused: { kind: "pause", name: "observe", durationMs: 3_600_000 },
        asked: { kind: "approval", name: "observe" },
      };
      try {
        for (const [id, extra] of Object.entries(waits))
          await engine.rollouts.startRollout(requestFor(id, [id], { extra }), { actor });
        for (const id of Object.keys(waits)) while ((await begunSteps(engine, id)) < 4) await pause(50);
        first.signal("SIGTERM");
        expect(await Promise.race([first.ended, pause(20_000)])).toBe(0);
        const second = await new WorkerProcess({ url, world }).ready();
        try {
          await engine.rollouts.abort("paused", actor);
          expect(await engine.rollouts.finished("paused")).toMatchObject({ state: "aborted" });
          await engine.rollouts.approve("asked", actor, { gate: "observe" });
          expect(await engine.rollouts.finished("asked")).toMatchObject({ state: "deployed" });
        } finally {
          await second.kill();
        }
      } finally {
        await first.kill();
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
        for (const id of ids) await engine.rollouts.startRollout(requestFor(id, [id]), { actor });
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
        for (const id of ids) await flakyEngine.rollouts.startRollout(requestFor(id, [id]), { actor });
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

async function begunSteps(engine: Engine, id: string): Promise<number> {
  return (await engine.rollouts.status(id)).steps.filter(({ attempts }) => attempts > 0).length;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
