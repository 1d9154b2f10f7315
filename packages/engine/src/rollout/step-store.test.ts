import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Database } from "../database/database.ts";
import { migrate } from "../database/migrate.ts";
import { parsedRequest, planFor, requestFor } from "../testing/requests.ts";
import { TestServer } from "../testing/test-server.ts";
import { takeTurn, type Turn } from "./locks.ts";
import { keyOf } from "./keys.ts";
import { finishRollout, insertRollout, keepOutcome, loadRollout, showState } from "./rollout-store.ts";
import { parseRequest } from "./request.ts";
import { beginStep, endStep, keepRemaining, noteFailure, type StepPlace } from "./step-store.ts";
import type { StepResult } from "./status.ts";
import { checkPlan, loadPlan, storePlan } from "./tenant-plan.ts";

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
  await insertRollout(database, parsedRequest(id, [id]), actor, "queue");
  return placeOf(id, token);
}

function turnOf(id: string, token: string, run = 1): Promise<Turn> {
  return takeTurn(database, id, run, { executor: "executor", token });
}

async function placeOf(id: string, token: string): Promise<StepPlace> {
  const turn = await turnOf(id, token);
  if (turn.is !== "held") throw new Error(`it is not held: ${turn.is}`);
  return {
    rollout: id,
    environment: "production",
    tenant: id,
    run: 1,
    ordinal: 0,
    name: "prepare",
    kind: "act",
    key: keyOf(id, 1, id, 0, "prepare"),
    fence: turn.fences.get(id) ?? 0,
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
    await insertRollout(database, parsedRequest("waiter", ["holder"]), actor, "queue");
    expect(await turnOf("waiter", "x")).toEqual({ is: "wait" });
  });

  it("are given again to who holds the lock, also where an older rollout was retried", async () => {
    const older = parsedRequest("older", ["shared"]);
    await insertRollout(database, older, actor, "queue");
    await database.query("UPDATE lotse.rollouts SET ended_at = now() WHERE id = 'older'");
    await insertRollout(database, parsedRequest("younger", ["shared"]), actor, "queue");
    const first = await turnOf("younger", "first");
    await database.query("UPDATE lotse.rollouts SET ended_at = NULL WHERE id = 'older'");
    expect(await turnOf("older", "second")).toEqual({ is: "wait" });
    const again = await turnOf("younger", "third");
    expect([first, again]).toEqual(
      [1, 2].map((fence) => ({ is: "held", fences: new Map([["shared", fence]]) })),
    );
  });

  it("are not given to a run of a rollout that was retried since, nor after its end", async () => {
    await insertRollout(database, parsedRequest("again", ["again"]), actor, "queue");
    await database.query("UPDATE lotse.rollouts SET run = 2 WHERE id = 'again'");
    expect(await turnOf("again", "first", 1)).toEqual({ is: "ended" });
    expect((await turnOf("again", "second", 2)).is).toBe("held");
    await database.query("UPDATE lotse.rollouts SET ended_at = now() WHERE id = 'again'");
    expect(await turnOf("again", "third", 2)).toEqual({ is: "ended" });
    expect(await turnOf("nobody", "first")).toEqual({ is: "ended" });
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
    const other = await held("left-too");
    await beginStep(database, other, "a");
    const remainders = [place, other].map(({ rollout, key }, at) => ({
      rollout,
      key,
      remainingMs: 1234.4 - at,
    }));
    await keepRemaining(database, remainders);
    expect(await beginStep(database, place, "b")).toMatchObject({ is: "begun", remainingMs: 1234 });
    expect(await beginStep(database, other, "b")).toMatchObject({ is: "begun", remainingMs: 1233 });
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
    await keepOutcome(database, "kept", "kept", { status: "deployed" });
    expect((await loadRollout(database, "kept"))?.outcomes).toEqual({ kept: { status: "deployed" } });
  });
});

describe("a failure that may pass", () => {
  it("counts once for each try, and outlives the worker", async () => {
    const place = await held("passing");
    await beginStep(database, place, "a");
    expect(await noteFailure(database, place, 1, "no route")).toBe(true);
    // The answer was lost, and it is told again.
    expect(await noteFailure(database, place, 1, "no route")).toBe(true);
    expect(await attemptsOf("passing")).toEqual({ attempts: 2, state: "running" });
    expect(await beginStep(database, place, "b")).toMatchObject({ is: "begun", failures: 1 });
  });

  it("is not written down by who has lost the lock", async () => {
    const old = await held("passed-on");
    await beginStep(database, old, "a");
    await placeOf("passed-on", "second");
    expect(await noteFailure(database, old, 1, "no route")).toBe(false);
    expect(await attemptsOf("passed-on")).toEqual({ attempts: 1, state: "running" });
  });
});

describe("a plan", () => {
  const planned = (id: string, colour: "blue" | "green"): ReturnType<typeof planFor> =>
    planFor(parsedRequest(id, [id]), { environment: "production", tenant: id }, colour);

  it("is remembered as it was made first", async () => {
    const place = await held("planned");
    expect(await storePlan(database, place, planned("planned", "blue"))).toBe(true);
    expect(await storePlan(database, place, planned("planned", "green"))).toBe(true);
    expect(await loadPlan(database, "planned", 1, "planned")).toEqual(planned("planned", "blue"));
  });

  it("is not stored by who has lost the lock", async () => {
    const old = await held("plan-lost");
    await placeOf("plan-lost", "second");
    expect(await storePlan(database, old, planned("plan-lost", "blue"))).toBe(false);
    await expect(loadPlan(database, "plan-lost", 1, "plan-lost")).rejects.toMatchObject({
      code: "internal.bug",
    });
  });

  it.each([
    ["for another tenant", { tenant: "other" }],
    ["of another shape", { steps: [{ kind: "x" }] }],
  ])("%s is a defect", (_, odd) => {
    const plan = { ...planned("shape", "blue"), ...odd } as ReturnType<typeof planFor>;
    expect(() => checkPlan(plan, "shape")).toThrow(
      expect.objectContaining({ code: "internal.bug" }) as Error,
    );
  });
});

describe("requests from outside", () => {
  it.each<[string, object]>([
    ["without tenants", { tenants: [] }],
    ["that name a tenant twice", { tenants: ["a", "a"] }],
    ["with a tenant that leads out of its directory", { tenants: ["../a"] }],
    ["with an id that is a path", { id: "../p" }],
    ["of another kind", { kind: "destroy" }],
    ["with something that nobody knows", { colour: "green" }],
    ["with a NUL that the database does not store", { strategy: { name: "x", steps: ["a\0"] } }],
    ["with half a character", { strategy: { name: "x", steps: ["\\\ud83d"] } }],
    ["with a strategy that fills the database", { strategy: { name: "x", steps: ["x".repeat(2_000_000)] } }],
  ])("are refused %s", (_, odd) => {
    expect(() => parseRequest({ ...requestFor("p"), ...odd })).toThrow(
      expect.objectContaining({ code: "usage.argument" }) as Error,
    );
  });

  it("are taken with whatever can be stored", () => {
    const strategy = { name: "x", steps: ["\\u0000", "\u{1F600}", "\uFFFD"] };
    expect(parseRequest({ ...requestFor("p"), strategy })).toMatchObject({ strategy });
  });
});
