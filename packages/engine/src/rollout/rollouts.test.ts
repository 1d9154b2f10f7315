import { join } from "node:path";
import { DBOS } from "@dbos-inc/dbos-sdk";
import { openAuditLog, type AuditLog } from "@lotse/core/audit";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { openEngine, type Engine } from "../engine/open-engine.ts";
import { jumpedDate } from "../testing/jumped-date.ts";
import { blueGreenSteps, planFor, requestFor } from "../testing/requests.ts";
import { ScriptedDriver } from "../testing/scripted-driver.ts";
import { TestServer } from "../testing/test-server.ts";
import { untilStatus } from "../testing/until-status.ts";
import type { Rollouts } from "./rollouts.ts";
import type { RolloutState, RolloutStatus } from "./status.ts";

const actor = { kind: "user", id: "alice" } as const;
const timeout = 120_000;
let server: TestServer;
let engine: Engine;
let rollouts: Rollouts;
let log: AuditLog;
const lost: string[] = [];
const driver = new ScriptedDriver();

beforeAll(async () => {
  server = await TestServer.start();
  const url = await server.database("rollouts");
  engine = await openEngine({
    url,
    driver,
    retries: { tries: 5, firstMs: 20, longestMs: 100 },
    // Ending the process would end the test.
    onLost: ({ code }) => lost.push(code),
    audit: (store) => (log = openAuditLog({ directory: join(server.root, "log"), name: "test", store })),
  });
  ({ rollouts } = engine);
}, 300_000);
afterAll(async () => {
  await engine.close();
  await server.dispose();
}, 60_000);

const until = (id: string, predicate: (status: RolloutStatus) => boolean): Promise<RolloutStatus> =>
  untilStatus(rollouts, id, predicate);

const inState = (id: string, state: RolloutState): Promise<RolloutStatus> =>
  until(id, (status) => status.state === state);

function writtenFor(tenant: string): readonly string[] {
  return driver.written.filter((line) => line.startsWith(`${tenant} `));
}

/** The step of the plan that is at work. */
function at(steps: RolloutStatus["steps"]): string | undefined {
  return steps.find(({ state }) => state === "running")?.name;
}

const undone = (tenant: string): readonly string[] => [`${tenant} restore`, `${tenant} discard`];

function doneFor(tenant: string): readonly string[] {
  return driver.done.filter((step) => step.startsWith(`${tenant} `));
}

describe("a rollout", { timeout }, () => {
  it("carries out its steps in order and tells how each went", async () => {
    const { rollout } = await rollouts.startRollout(requestFor("plain", ["plain"]), { actor });
    const status = await rollouts.finished(rollout);
    expect(status).toMatchObject({
      id: "plain",
      state: "deployed",
      run: 1,
      actor,
      kind: "deploy",
      strategy: "blue-green",
      tenants: [{ tenant: "plain", status: "deployed", from: { colour: "blue" }, to: { colour: "green" } }],
      release: { version: "v2.0.0" },
    });
    expect(status.steps.map(({ name, state, attempts }) => [name, state, attempts])).toEqual(
      blueGreenSteps.map((name) => [name, "done", 1]),
    );
    expect(status.steps[4]?.note).toBe("3 of 3 checks");
    for (const { startedAt, endedAt } of status.steps)
      expect(Date.parse(endedAt ?? "")).toBeGreaterThanOrEqual(Date.parse(startedAt ?? ""));
    expect(doneFor("plain")).toEqual(blueGreenSteps.map((name) => `plain ${name}`));
    expect(writtenFor("plain")).toEqual(["plain begun", "plain ended deployed"]);
  });

  it("shows what is planned before it happens, and what will not happen any more", async () => {
    const go = driver.hold("shown start");
    driver.fail("shown start");
    await rollouts.startRollout(requestFor("shown", ["shown", "later"]), { actor });
    const before = await until("shown", ({ steps }) => at(steps) === "start");
    const statesOf = ({ steps }: RolloutStatus): unknown => steps.map(({ name, state }) => [name, state]);
    const rest = blueGreenSteps.slice(2);
    expect(statesOf(before)).toEqual([
      ["prepare", "done"],
      ["start", "running"],
      ...rest.map((name) => [name, "pending"]),
    ]);
    expect(before.steps.at(-1)).toMatchObject({ attempts: 0, startedAt: null, endedAt: null });
    expect(before.tenants.map(({ status }) => status)).toEqual(["running", "pending"]);
    expect((await rollouts.open()).map(({ id }) => id)).toContain("shown");
    expect(await rollouts.open("elsewhere")).toEqual([]);
    go();
    expect(statesOf(await rollouts.finished("shown"))).toEqual([
      ["prepare", "done"],
      ["start", "failed"],
      ...rest.map((name) => [name, "skipped"]),
      ["restore", "done"],
      ["discard", "done"],
    ]);
    expect((await rollouts.open()).map(({ id }) => id)).not.toContain("shown");
  });

  it("has nothing to do for a tenant that is up to date", async () => {
    driver.planAs = (request, scope) => ({ ...planFor(request, scope), steps: [] });
    try {
      await rollouts.startRollout(requestFor("current", ["current"]), { actor });
      expect(await rollouts.finished("current")).toMatchObject({
        state: "deployed",
        tenants: [{ tenant: "current", status: "up-to-date" }],
        steps: [],
      });
      expect(writtenFor("current")).toEqual([]);
    } finally {
      driver.planAs = planFor;
    }
  });

  it("touches nothing when it cannot be planned, and tells why", async () => {
    driver.fail("unplanned plan");
    await rollouts.startRollout(requestFor("unplanned", ["unplanned", "next"]), { actor });
    expect(await rollouts.finished("unplanned")).toMatchObject({
      state: "failed",
      tenants: [
        { tenant: "unplanned", status: "failed", code: "target.unhealthy", reason: "plan failed" },
        { tenant: "next", status: "skipped" },
      ],
      steps: [{ name: "plan", kind: "bookkeeping", state: "failed" }],
    });
    expect(doneFor("unplanned")).toEqual([]);
  });

  it("touches nothing when its beginning cannot be written down", async () => {
    driver.fail("unbegun begin");
    await rollouts.startRollout(requestFor("unbegun", ["unbegun"]), { actor });
    expect(await rollouts.finished("unbegun")).toMatchObject({
      tenants: [{ status: "rolled-back", reason: "begin failed" }],
    });
    expect([doneFor("unbegun"), writtenFor("unbegun")]).toEqual([[], ["unbegun ended rolled-back"]]);
  });

  it("says so when its end cannot be written down", async () => {
    driver.fail("unended end");
    await rollouts.startRollout(requestFor("unended", ["unended"]), { actor });
    expect(await rollouts.finished("unended")).toMatchObject({
      state: "deployed",
      tenants: [{ status: "deployed", reason: "how it ended could not be written down: end failed" }],
    });
  });

  it("is the same when it is started again, and its id cannot be used for another", async () => {
    await rollouts.startRollout(requestFor("twice", ["twice"]), { actor });
    await rollouts.startRollout(requestFor("twice", ["twice"]), { actor });
    await rollouts.finished("twice");
    expect(doneFor("twice")).toHaveLength(7);
    await expect(rollouts.startRollout(requestFor("twice", ["other"]), { actor })).rejects.toMatchObject({
      code: "usage.argument",
    });
  });

  it("is undone when a step fails; tenants before stay, tenants after are left alone", async () => {
    driver.fail("b2 verify");
    await rollouts.startRollout(requestFor("fails", ["b1", "b2", "b3"]), { actor });
    const status = await rollouts.finished("fails");
    expect(status.state).toBe("failed");
    expect(status.tenants).toMatchObject([
      { tenant: "b1", status: "deployed" },
      { tenant: "b2", status: "rolled-back", reason: "verify failed" },
      { tenant: "b3", status: "skipped" },
    ]);
    expect(doneFor("b2")).toEqual([
      ...blueGreenSteps.slice(0, 4).map((name) => `b2 ${name}`),
      ...undone("b2"),
    ]);
    expect(doneFor("b3")).toEqual([]);
  });

  it("says so when it cannot be undone", async () => {
    driver.fail("stuck-half switch");
    driver.fail("stuck-half restore");
    await rollouts.startRollout(requestFor("half", ["stuck-half"]), { actor });
    const status = await rollouts.finished("half");
    expect(status.tenants).toMatchObject([
      { tenant: "stuck-half", status: "failed", reason: "switch failed; and restore failed: restore failed" },
    ]);
    expect(doneFor("stuck-half")).not.toContain("stuck-half discard");
  });

  it("notes what fails after the point of no return, and goes on", async () => {
    driver.fail("noted drain");
    await rollouts.startRollout(requestFor("noted", ["noted"]), { actor });
    const status = await rollouts.finished("noted");
    expect(status.state).toBe("deployed");
    expect(status.tenants).toMatchObject([{ tenant: "noted", status: "deployed", reason: "drain failed" }]);
    expect(doneFor("noted")).toContain("noted retire");
  });

  it("retries: tenants that are deployed stay, the others get all steps again", async () => {
    driver.fail("r2 start");
    await rollouts.startRollout(requestFor("retried", ["r1", "r2"]), { actor });
    await rollouts.finished("retried");
    driver.fail("r2 start", false);
    await rollouts.retry("retried", actor);
    const status = await rollouts.finished("retried");
    expect(status).toMatchObject({ state: "deployed", run: 2 });
    expect(doneFor("r1")).toHaveLength(7);
    expect(doneFor("r2").slice(-7)).toEqual(blueGreenSteps.map((name) => `r2 ${name}`));
    await expect(rollouts.retry("retried", actor)).rejects.toMatchObject({ code: "rollout.refused" });
  });
});

describe("a step that fails by what may pass", { timeout }, () => {
  it("is tried again, and counts as done when it succeeds", async () => {
    driver.stumble("tries start", 2);
    driver.stumble("tries plan", 1);
    driver.stumble("tries end", 1);
    await rollouts.startRollout(requestFor("tries", ["tries"]), { actor });
    const status = await rollouts.finished("tries");
    expect(status.state).toBe("deployed");
    expect(status.steps.find(({ name }) => name === "start")).toMatchObject({ state: "done", attempts: 3 });
    expect(doneFor("tries")).toEqual(blueGreenSteps.map((name) => `tries ${name}`));
  });

  it("shows by what it failed last, while it is tried again", async () => {
    driver.stumble("trying start", 4);
    await rollouts.startRollout(requestFor("trying", ["trying"]), { actor });
    const shown = await until("trying", ({ steps }) => steps.some(({ error }) => error !== undefined));
    expect(shown.steps.find(({ error }) => error !== undefined)).toMatchObject({ error: "start failed" });
    await rollouts.finished("trying");
  });

  it("fails in the end", async () => {
    driver.stumble("gives-up start", 100);
    await rollouts.startRollout(requestFor("gives-up", ["gives-up"]), { actor });
    const status = await rollouts.finished("gives-up");
    expect(status.state).toBe("failed");
    expect(status.steps.find(({ name }) => name === "start")).toMatchObject({
      state: "failed",
      attempts: 5,
      error: "start failed",
    });
  });

  it("what fails for good is not tried again", async () => {
    driver.fail("for-good start");
    await rollouts.startRollout(requestFor("for-good", ["for-good"]), { actor });
    const status = await rollouts.finished("for-good");
    expect(status.steps.find(({ name }) => name === "start")).toMatchObject({ attempts: 1, state: "failed" });
  });
});

describe("a defect of the engine", { timeout }, () => {
  it("is shown, keeps the lock, and can be retried; what was under way is kept out", async () => {
    const go = driver.hold("cancelled verify");
    await rollouts.startRollout(requestFor("cancelled", ["cancelled"]), { actor });
    await until("cancelled", ({ steps }) => at(steps) === "verify");
    await DBOS.cancelWorkflow("cancelled.1");
    const stuck = await inState("cancelled", "stuck");
    expect(stuck.reason).toContain("CANCELLED");
    const holder = "SELECT rollout FROM lotse.locks WHERE tenant = 'cancelled'";
    expect((await engine.database.query(holder)).rows).toEqual([{ rollout: "cancelled" }]);
    await expect(
      rollouts.startRollout(requestFor("next", ["cancelled"]), { actor, whenBusy: "refuse" }),
    ).rejects.toMatchObject({ code: "rollout.locked" });
    expect(lost).toEqual([]);
    await rollouts.retry("cancelled", actor);
    await until("cancelled", ({ steps }) => steps.filter(({ name }) => name === "verify").length === 2);
    go();
    expect(await rollouts.finished("cancelled")).toMatchObject({ state: "deployed", run: 2, reason: null });
    await vi.waitFor(() => expect(lost).toEqual(["engine.lease"]), { timeout: 20_000 });
  });

  it("tells when only a worker of another version would go on", async () => {
    const go = driver.hold("version prepare");
    await rollouts.startRollout(requestFor("version", ["version"]), { actor });
    await inState("version", "running");
    const other = (version: string): Promise<unknown> =>
      engine.database.query(
        "UPDATE dbos.workflow_status SET application_version = $1 WHERE workflow_uuid = 'version.1'",
        [version],
      );
    await vi.waitFor(async () => expect(await other("lotse-9")).toMatchObject({ rowCount: 1 }), {
      timeout: 20_000,
    });
    await until("version", ({ reason }) => reason === "it waits for a worker of version lotse-9");
    await other("lotse-1");
    go();
    expect(await rollouts.finished("version")).toMatchObject({ state: "deployed" });
  });
});

describe("people", { timeout }, () => {
  it("pause it before its next step and let it go on", async () => {
    const go = driver.hold("paused start");
    await rollouts.startRollout(requestFor("paused", ["paused"]), { actor });
    await until("paused", ({ steps }) => at(steps) === "start");
    await rollouts.pause("paused", actor);
    go();
    await inState("paused", "paused");
    expect(doneFor("paused")).toEqual(["paused prepare", "paused start"]);
    await rollouts.resume("paused", actor);
    expect(await rollouts.finished("paused")).toMatchObject({ state: "deployed" });
  });

  it("abort it in the middle of a step, and it is undone", async () => {
    driver.hold("aborted verify");
    await rollouts.startRollout(requestFor("aborted", ["aborted", "after"]), { actor });
    await until("aborted", ({ steps }) => at(steps) === "verify");
    await rollouts.abort("aborted", actor);
    const status = await rollouts.finished("aborted");
    expect(status.state).toBe("aborted");
    expect(status.tenants).toMatchObject([
      { tenant: "aborted", status: "rolled-back", reason: "the rollout was aborted" },
      { tenant: "after", status: "skipped" },
    ]);
    expect(doneFor("aborted").slice(-2)).toEqual(undone("aborted"));
    await rollouts.abort("aborted", actor);
  });

  it("abort it while it is paused", async () => {
    const go = driver.hold("halted start");
    await rollouts.startRollout(requestFor("halted", ["halted"]), { actor });
    await until("halted", ({ steps }) => at(steps) === "start");
    await rollouts.pause("halted", actor);
    go();
    await inState("halted", "paused");
    await rollouts.abort("halted", actor);
    expect(await rollouts.finished("halted")).toMatchObject({ state: "aborted" });
    expect(doneFor("halted").slice(-2)).toEqual(undone("halted"));
  });

  it("cannot abort what has passed the last step that can be undone", async () => {
    const go = driver.hold("late retire");
    await rollouts.startRollout(requestFor("late", ["late"]), { actor });
    await until("late", ({ steps }) => at(steps) === "retire");
    await rollouts.abort("late", actor);
    go();
    expect(await rollouts.finished("late")).toMatchObject({ state: "deployed" });
  });

  it("approve what waits for them, before or after it does", async () => {
    const gate = { kind: "approval", name: "approve-switch" } as const;
    await rollouts.startRollout(requestFor("gated", ["gated"], { extra: gate }), { actor });
    await inState("gated", "waiting");
    expect(doneFor("gated")).not.toContain("gated switch");
    await expect(rollouts.approve("gated", actor, { gate: "other" })).rejects.toMatchObject({
      code: "rollout.refused",
    });
    await rollouts.approve("gated", actor);
    expect(await rollouts.finished("gated")).toMatchObject({ state: "deployed" });

    const go = driver.hold("early prepare");
    await rollouts.startRollout(requestFor("early", ["early"], { extra: gate }), { actor });
    await until("early", ({ steps }) => at(steps) === "prepare");
    await rollouts.approve("early", actor, { gate: "approve-switch" });
    go();
    expect(await rollouts.finished("early")).toMatchObject({ state: "deployed" });
  });

  it.each(["pause", "resume", "abort", "approve", "retry"] as const)(
    "cannot %s what is not there",
    async (verb) => {
      await expect(rollouts[verb]("nowhere", actor)).rejects.toMatchObject({ code: "rollout.not-found" });
    },
  );

  it.each(["pause", "resume", "abort", "approve"] as const)("cannot %s what has ended", async (verb) => {
    await rollouts.startRollout(requestFor(`over-${verb}`, [`over-${verb}`]), { actor });
    await rollouts.finished(`over-${verb}`);
    await expect(rollouts[verb](`over-${verb}`, actor)).rejects.toMatchObject({ code: "rollout.refused" });
  });
});

describe("one rollout for each tenant and environment", { timeout }, () => {
  it("others queue in the order in which they came, or are refused, as asked", async () => {
    const go = driver.hold("busy prepare");
    await rollouts.startRollout(requestFor("busy-1", ["busy"]), { actor });
    await inState("busy-1", "running");
    await rollouts.startRollout(requestFor("busy-2", ["busy", "idle"]), { actor });
    await rollouts.startRollout(requestFor("busy-3", ["busy"]), { actor });
    await expect(
      rollouts.startRollout(requestFor("busy-4", ["busy"]), { actor, whenBusy: "refuse" }),
    ).rejects.toMatchObject({ code: "rollout.locked", retryable: true });
    await expect(rollouts.status("busy-4")).rejects.toMatchObject({ code: "rollout.not-found" });
    expect((await rollouts.status("busy-2")).state).toBe("queued");
    go();
    const ends: RolloutStatus[] = [];
    for (const id of ["busy-1", "busy-2", "busy-3"]) ends.push(await rollouts.finished(id));
    expect(ends.map(({ state }) => state)).toEqual(["deployed", "deployed", "deployed"]);
    const times = ends.flatMap(({ startedAt, endedAt }) => [startedAt ?? "", endedAt ?? ""]);
    expect(times).toEqual(times.toSorted());
    const { rows } = await engine.database.query(
      "SELECT rollout, fence::int FROM lotse.locks WHERE tenant = 'busy'",
    );
    expect(rows).toEqual([{ rollout: null, fence: 3 }]);
  });

  it("a new one replaces those before it: they go back, and it follows", async () => {
    driver.hold("replaced verify");
    await rollouts.startRollout(requestFor("replace-1", ["replaced"]), { actor });
    await until("replace-1", ({ steps }) => at(steps) === "verify");
    await rollouts.startRollout(requestFor("replace-2", ["replaced"]), { actor });
    driver.hold("replaced verify")();
    await rollouts.startRollout(requestFor("replace-3", ["replaced"]), { actor, whenBusy: "replace" });
    expect(await rollouts.finished("replace-3")).toMatchObject({ state: "deployed" });
    expect(await rollouts.finished("replace-1")).toMatchObject({
      state: "aborted",
      reason: "rollout replace-3 replaces it",
      tenants: [{ status: "rolled-back" }],
    });
    expect(await rollouts.status("replace-2")).toMatchObject({ state: "aborted", steps: [] });
    expect(writtenFor("replaced")).toEqual([
      "replaced begun",
      "replaced ended rolled-back",
      "replaced begun",
      "replaced ended deployed",
    ]);
  });

  it("what is aborted in the queue ends at once and never runs", async () => {
    const go = driver.hold("queue prepare");
    await rollouts.startRollout(requestFor("queue-1", ["queue"]), { actor });
    await inState("queue-1", "running");
    await rollouts.startRollout(requestFor("queue-2", ["queue"]), { actor });
    await rollouts.abort("queue-2", actor);
    expect((await rollouts.status("queue-2")).state).toBe("aborted");
    go();
    await rollouts.finished("queue-1");
    expect(doneFor("queue")).toHaveLength(7);
    expect((await rollouts.status("queue-2")).steps).toEqual([]);
  });
});

describe("a pause", { timeout }, () => {
  // The pause must last at least this long, whatever the clock says; how much longer depends on the machine.
  const durationMs = 1200;
  it.each([
    ["forwards", 3_600_000],
    ["backwards", -3_600_000],
  ])("a clock that jumps %s neither skips nor hangs it", async (direction, jumpMs) => {
    const id = `clock-${direction}`;
    const step = { kind: "pause", name: "observe", durationMs } as const;
    await rollouts.startRollout(requestFor(id, [id], { extra: step }), { actor });
    await until(id, ({ steps }) => at(steps) === "observe");
    const before = performance.now();
    vi.stubGlobal("Date", jumpedDate(jumpMs));
    try {
      const status = await rollouts.finished(id);
      expect(status.state).toBe("deployed");
      expect(performance.now() - before).toBeGreaterThan(durationMs / 2);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it("stands still while the rollout is paused, and ends when it is aborted", async () => {
    const step = { kind: "pause", name: "observe", durationMs: 86_400_000 } as const;
    await rollouts.startRollout(requestFor("long", ["long"], { extra: step }), { actor });
    await until("long", ({ steps }) => at(steps) === "observe");
    await rollouts.pause("long", actor);
    await inState("long", "paused");
    await rollouts.abort("long", actor);
    expect(await rollouts.finished("long")).toMatchObject({ state: "aborted" });
  });
});

describe("the audit log", { timeout }, () => {
  it("tells of every change, in the tree within moments, and verifies", async () => {
    await vi.waitFor(
      async () => {
        const { rows } = await engine.database.query("SELECT FROM lotse.audit_outbox");
        expect(rows).toEqual([]);
      },
      { timeout: 20_000, interval: 50 },
    );
    const report = await log.verify();
    // What was begun has an outcome; a retry after a defect has told its intent once.
    expect(report).toMatchObject({ ok: true, unsigned: 0, openIntents: 0 });
    const entries: string[] = [];
    for await (const { action, object, outcome, scope } of log.list())
      if (object === "aborted") entries.push(`${action} ${outcome} ${scope?.tenant ?? ""}`.trim());
    expect(entries.toSorted()).toEqual([
      "rollout.abort success",
      "rollout.deploy failure",
      "rollout.deploy intent",
      "rollout.tenant failure aborted",
    ]);
  });

  it("a change whose entry has no room does not happen", async () => {
    const long = { kind: "user", id: "a".repeat(2000) } as const;
    await expect(
      rollouts.startRollout(requestFor("unrecorded", ["unrecorded"]), { actor: long }),
    ).rejects.toMatchObject({ code: "audit.unavailable" });
    await expect(rollouts.status("unrecorded")).rejects.toMatchObject({ code: "rollout.not-found" });
  });
});
