import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { requestFor } from "../testing/requests.ts";
import { ScriptedDriver } from "../testing/scripted-driver.ts";
import { TestServer } from "../testing/test-server.ts";
import { beginEngine, openEngine } from "./open-engine.ts";

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

  it("takes rollouts before its worker is up, which begins with them", async () => {
    const url = await server.database("begun");
    const driver = new ScriptedDriver();
    const { promise: ready, resolve: go } = Promise.withResolvers<ScriptedDriver>();
    const begun = await beginEngine({ url, driver: () => ready });
    await begun.rollouts.startRollout(requestFor("r"), { actor });
    expect(await begun.rollouts.status("r")).toMatchObject({ state: "queued" });
    go(driver);
    expect(await begun.rollouts.finished("r")).toMatchObject({ state: "deployed" });
    await begun.working;
    await begun.close();
  });

  it("whose worker cannot come up says why, and leaves what was handed over to others", async () => {
    const url = await server.database("begun-in-vain");
    const driver = new ScriptedDriver();
    const lost = await beginEngine({ url, driver: () => Promise.reject(new Error("no targets here")) });
    await lost.rollouts.startRollout(requestFor("r"), { actor });
    await expect(lost.working).rejects.toThrow("no targets here");
    await lost.close();
    const other = await openEngine({ url, driver });
    expect(await other.rollouts.finished("r")).toMatchObject({ state: "deployed" });
    await other.close();
  });
});
