import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { requestFor } from "../testing/requests.ts";
import { ScriptedDriver } from "../testing/scripted-driver.ts";
import { TestServer } from "../testing/test-server.ts";
import { openEngine } from "./open-engine.ts";

const timeout = 300_000;
const actor = { kind: "user", id: "alice" } as const;
let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
}, timeout);
afterAll(() => server.dispose(), timeout);

describe("an engine", { timeout }, () => {
  it("that is closed leaves what is under way, and one that is opened goes on with it", async () => {
    const url = await server.database("closed");
    const driver = new ScriptedDriver();
    const first = await openEngine({ url, driver });
    const go = driver.hold("acme verify");
    await first.rollouts.startRollout(requestFor("r"), { actor });
    for await (const { steps } of first.rollouts.watch("r"))
      if (steps.some(({ name, state }) => name === "verify" && state === "running")) break;
    await first.close();
    // What was under way ends now, too late for anybody to hear of it.
    go();
    const second = await openEngine({ url, driver });
    expect(second.executor).not.toBe(first.executor);
    const status = await second.rollouts.finished("r");
    expect(status.state).toBe("deployed");
    expect(status.steps.map(({ name, attempts }) => [name, attempts])).toContainEqual(["verify", 2]);
    await second.close();
  });

  it("is one in a process, and a second one without a driver only starts and watches", async () => {
    const url = await server.database("one");
    const driver = new ScriptedDriver();
    const worker = await openEngine({ url, driver });
    await expect(openEngine({ url, driver })).rejects.toMatchObject({ code: "engine.lease" });
    const client = await openEngine({ url });
    expect(client.executor).toBeNull();
    await client.rollouts.startRollout(requestFor("r"), { actor });
    expect(await client.rollouts.finished("r")).toMatchObject({ state: "deployed" });
    await client.close();
    await worker.close();
  });
});
