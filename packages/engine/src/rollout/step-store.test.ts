import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Database } from "../database/database.ts";
import { migrate } from "../database/migrate.ts";
import { blueGreenPlan } from "../testing/plans.ts";
import { TestServer } from "../testing/test-server.ts";
import { takeFences, takeLocks } from "./locks.ts";
import { keyOf, parsePlan } from "./plan.ts";
import { finishRollout, insertRollout, keepOutcome, loadRollout, showState } from "./rollout-store.ts";
import { beginStep, endStep, keepRemaining, type StepPlace } from "./step-store.ts";
import type { StepResult } from "./status.ts";

const timeout = 300_000;
const actor = { kind: "user", id: "alice" } as const;
const good: StepResult = { ok: true };
const bad: StepResult = { ok: false, code: "target.start", reason: "no", aborted: false };
let server: TestServer;
let database: Database;
beforeAll(async () => {
  server = await TestServer.start();
  const url = await server.database("steps");
  database = new Database({ url });
  await migrate(database, url);
}, timeout);
afterAll(async () => {
  await database.close();
  await server.dispose();
}, timeout);

/** A rollout whose lock is held, and a step of it under a new fence. */
async function held(id: string, token = "first"): Promise<StepPlace> {
  await insertRollout(database, parsePlan(blueGreenPlan(id, [id])), actor, "queue");
  expect(await takeLocks(database, id)).toBe("held");
  return placeOf(id, token);
}

async function placeOf(id: string, token: string): Promise<StepPlace> {
  const fences = await takeFences(database, id, "executor", token);
  return {
    rollout: id,
    environment: "production",
    tenant: id,
    run: 1,
    ordinal: 0,
    name: "prepare",
    key: keyOf(id, 1, id, 0, "prepare"),
    fence: fences.get(id) ?? 0,
  };
}

async function attemptsOf(id: string): Promise<unknown> {
  return (await database.query("SELECT attempts, state FROM lotse.steps WHERE rollout = $1", [id])).rows[0];
}

describe("fences", () => {
  it("grow with each execution, and not when an answer is lost and asked for again", async () => {
    const first = await held("grow");
    expect(await placeOf("grow", "first")).toEqual(first);
    const second = await placeOf("grow", "second");
    expect(second.fence).toBe(first.fence + 1);
  });

  it("keep an earlier execution from beginning, ending, showing and finishing", async () => {
    const old = await held("old");
    expect((await beginStep(database, old, "a")).is).toBe("begun");
    const now = await placeOf("old", "second");
    expect(await beginStep(database, old, "b")).toEqual({ is: "lost" });
    expect(await endStep(database, old, bad)).toBeNull();
    await showState(database, "old", "first", "paused");
    const rollout = await loadRollout(database, "old");
    if (rollout === null) throw new Error("there is no rollout");
    expect(await finishRollout(database, rollout, "first", "failed", {})).toBe(false);
    const { rows } = await database.query("SELECT state FROM lotse.rollouts WHERE id = 'old'");
    expect(rows).toEqual([{ state: "running" }]);
    expect((await beginStep(database, now, "c")).is).toBe("begun");
    expect(await endStep(database, now, good)).toEqual(good);
    expect(await finishRollout(database, rollout, "second", "deployed", {})).toBe(true);
    expect(await finishRollout(database, rollout, "second", "deployed", {})).toBe(false);
  });

  it("are not given to who does not hold the lock", async () => {
    await held("holder");
    await insertRollout(database, parsePlan(blueGreenPlan("waiter", ["holder"])), actor, "queue");
    expect(await takeLocks(database, "waiter")).toBe("wait");
    expect(await takeFences(database, "waiter", "executor", "x")).toEqual(new Map());
  });
});

describe("a step", () => {
  it("counts attempts, and one whose answer was lost once", async () => {
    const place = await held("count");
    await beginStep(database, place, "a");
    await beginStep(database, place, "a");
    expect(await attemptsOf("count")).toEqual({ attempts: 1, state: "running" });
    await beginStep(database, place, "b");
    expect(await attemptsOf("count")).toEqual({ attempts: 2, state: "running" });
  });

  it("has the result that was written first, for whoever asks again", async () => {
    const place = await held("first");
    await beginStep(database, place, "a");
    expect(await endStep(database, place, bad)).toEqual(bad);
    expect(await endStep(database, place, good)).toEqual(bad);
    expect(await beginStep(database, place, "b")).toEqual({ is: "done", result: bad });
    expect(await attemptsOf("first")).toEqual({ attempts: 1, state: "failed" });
  });

  it("remembers what a pause has left, for the next worker", async () => {
    const place = await held("left");
    expect(await beginStep(database, place, "a")).toMatchObject({ is: "begun", remainingMs: null });
    await keepRemaining(database, place, 1234.4);
    expect(await beginStep(database, place, "b")).toMatchObject({ is: "begun", remainingMs: 1234 });
  });

  it("knows what people want of the rollout", async () => {
    const place = await held("asked");
    await database.query("UPDATE lotse.rollouts SET pause_asked = true WHERE id = 'asked'");
    expect(await beginStep(database, place, "a")).toMatchObject({ pauseAsked: true, abortAsked: false });
  });
});

describe("outcomes", () => {
  it("are kept by tenant while a rollout goes on", async () => {
    await held("kept");
    await keepOutcome(database, "kept", "kept", { state: "deployed" });
    expect((await loadRollout(database, "kept"))?.outcomes).toEqual({ kept: { state: "deployed" } });
  });
});

describe("plans from outside", () => {
  const [first] = blueGreenPlan("p").tenants;
  if (first === undefined) throw new Error("no tenant");
  it.each([
    ["without tenants", { ...blueGreenPlan("p"), tenants: [] }],
    ["that name a tenant twice", blueGreenPlan("p", ["a", "a"])],
    ["with a tenant that leads out of its directory", blueGreenPlan("p", ["../a"])],
    ["with an id that is a path", blueGreenPlan("../p")],
    [
      "with a step of another kind",
      { ...blueGreenPlan("p"), tenants: [{ ...first, steps: [{ kind: "x" }] }] },
    ],
    [
      "with a pause without end",
      {
        ...blueGreenPlan("p"),
        tenants: [{ ...first, steps: [{ kind: "pause", name: "p", durationMs: 1e15 }] }],
      },
    ],
  ])("are refused %s", (_, plan) => {
    expect(() => parsePlan(plan as ReturnType<typeof blueGreenPlan>)).toThrow(
      expect.objectContaining({ code: "usage.argument" }) as Error,
    );
  });
});
