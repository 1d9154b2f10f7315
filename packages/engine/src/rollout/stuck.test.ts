import { DBOS } from "@dbos-inc/dbos-sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openEngine, type Engine } from "../engine/open-engine.ts";
import { requestFor } from "../testing/requests.ts";
import { ScriptedDriver } from "../testing/scripted-driver.ts";
import { TestServer } from "../testing/test-server.ts";
import { untilStatus } from "../testing/until-status.ts";
import type { Rollouts } from "./rollouts.ts";
import type { RolloutStatus } from "./status.ts";

const actor = { kind: "user", id: "alice" } as const;
const timeout = 60_000;
const driver = new ScriptedDriver();
let server: TestServer;
let engine: Engine;
let rollouts: Rollouts;
beforeAll(async () => {
  server = await TestServer.start();
  // What was under way is kept out by ending the process, which would end the test.
  engine = await openEngine({ url: await server.database("stuck"), driver, onLost: () => undefined });
  ({ rollouts } = engine);
}, 300_000);
afterAll(async () => {
  await engine.close();
  await server.dispose();
}, 60_000);

const until = (id: string, predicate: (status: RolloutStatus) => boolean): Promise<RolloutStatus> =>
  untilStatus(rollouts, id, predicate);

const start = (id: string, tenant: string): Promise<unknown> =>
  rollouts.startRollout(requestFor(id, [tenant]), { actor });

/** A rollout whose execution the engine has given up at a step, which stays held. */
async function stuckAt(id: string, tenant: string, step: string): Promise<void> {
  driver.hold(`${tenant} ${step}`);
  await start(id, tenant);
  await until(id, ({ steps }) => steps.some(({ name, state }) => name === step && state === "running"));
  await DBOS.cancelWorkflow(`${id}.1`);
  await until(id, ({ state }) => state === "stuck");
  driver.release(`${tenant} ${step}`);
}

const doneFor = (tenant: string): readonly string[] =>
  driver.done.filter((step) => step.startsWith(`${tenant} `)).map((step) => step.split(" ")[1] ?? "");

async function holderOf(tenant: string): Promise<unknown> {
  const { rows } = await engine.database.query("SELECT rollout FROM lotse.locks WHERE tenant = $1", [tenant]);
  return rows[0];
}

describe("rollouts of one tenant", { timeout }, () => {
  it("go on when an older one is tried again while another queues", async () => {
    driver.fail("turns start");
    await start("turns-1", "turns");
    await rollouts.finished("turns-1");
    driver.fail("turns start", false);
    const go = driver.hold("turns prepare");
    await start("turns-2", "turns");
    await until("turns-2", ({ state }) => state === "running");
    await start("turns-3", "turns");
    await rollouts.retry("turns-1", actor);
    go();
    for (const id of ["turns-2", "turns-1", "turns-3"])
      expect(await rollouts.finished(id)).toMatchObject({ id, state: "deployed" });
  });

  it("go on when one that is stuck is tried again, with others behind it", async () => {
    await stuckAt("behind-1", "behind", "verify");
    await start("behind-2", "behind");
    await rollouts.retry("behind-1", actor);
    for (const id of ["behind-1", "behind-2"])
      expect(await rollouts.finished(id)).toMatchObject({ id, state: "deployed" });
  });
});

describe("a rollout that is stuck", { timeout }, () => {
  it("is undone by abort, by the plan that it had begun with", async () => {
    await stuckAt("undone", "undone", "verify");
    const before = doneFor("undone").length;
    await rollouts.abort("undone", actor);
    expect(await rollouts.finished("undone")).toMatchObject({
      state: "aborted",
      tenants: [{ tenant: "undone", status: "rolled-back" }],
    });
    expect(doneFor("undone").slice(before)).toEqual(["restore", "discard"]);
    expect(driver.written).toContain("undone ended rolled-back");
    expect(await holderOf("undone")).toEqual({ rollout: null });
  });

  it("leaves no lock when it is aborted before its retry was begun", async () => {
    await stuckAt("early", "early", "switch");
    await rollouts.retry("early", actor);
    await rollouts.abort("early", actor);
    expect(await rollouts.finished("early")).toMatchObject({ state: "aborted" });
    expect(await holderOf("early")).toEqual({ rollout: null });
  });

  it("that was undone once is not undone again by what it had left, when others came meanwhile", async () => {
    await stuckAt("once", "once", "verify");
    await rollouts.abort("once", actor);
    await rollouts.finished("once");
    await start("once-next", "once");
    await rollouts.finished("once-next");
    const before = doneFor("once").length;
    const go = driver.hold("once plan");
    await rollouts.retry("once", actor);
    await until("once", ({ state }) => state === "running");
    await rollouts.abort("once", actor);
    expect(await rollouts.finished("once")).toMatchObject({ state: "aborted" });
    go();
    expect(doneFor("once").slice(before)).toEqual([]);
  });
});
