import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Agent } from "node:http";
import type { Release } from "./release.ts";
import { startLoad } from "./testing/load.ts";
import { environment, get, TestWorkspace, until } from "./testing/test-workspace.ts";
import type { RolloutEvent } from "./outcome.ts";

const scope = { environment, tenant: "acme" };

describe("rollouts of a real process", () => {
  let workspace: TestWorkspace;
  let v1: Release;
  let v2: Release;

  beforeAll(async () => {
    workspace = await TestWorkspace.make("rollout");
    v1 = await workspace.release("1.0.0");
    v2 = await workspace.release("2.0.0");
    expect((await workspace.deploy(v1, { tenants: ["acme", "zen"] })).status).toBe("deployed");
  });
  afterAll(() => workspace.dispose());

  /** Whether only the old colour is left and answers. */
  const expectOnly = async (version: string): Promise<void> => {
    expect(await workspace.versionOf()).toBe(version);
    const { colours } = await workspace.target.inspect(scope);
    expect(colours.map((colour) => colour.version)).toEqual([version]);
  };

  it("loses no request from v1 to v2 to v1 under constant load with slow requests in flight", async () => {
    const urls = [await workspace.url("acme"), await workspace.url("zen")];
    const load = startLoad({ urls, ratePerSecond: 200, phase: "v1" });
    const slow = startLoad({ urls: urls.map((url) => `${url}/slow?ms=1000`), ratePerSecond: 20 });
    const client = new Agent({ keepAlive: true, maxSockets: 1 });
    const tenants = ["acme", "zen"];
    await until("load", () => load.okInPhase() > 100);
    expect((await get(urls[0] ?? "", { agent: client })).body).toContain('"version":"1.0.0"');
    load.phase("to v2");
    const forward = await workspace.deploy(v2, { tenants });
    // The same connection of the client, the new release.
    expect((await get(urls[0] ?? "", { agent: client })).body).toContain('"version":"2.0.0"');
    load.phase("back to v1");
    const back = await workspace.deploy(v1, { tenants });
    load.phase("v1 again");
    await until("load", () => load.okInPhase() > 100);
    const [report, slowReport] = await Promise.all([load.stop(), slow.stop()]);
    client.destroy();
    expect(forward.tenants.map(({ status }) => status)).toEqual(["deployed", "deployed"]);
    expect(back.tenants.map(({ status }) => status)).toEqual(["deployed", "deployed"]);
    expect(report.total).toMatchObject({ failed: 0, reasons: {} });
    expect(slowReport.total).toMatchObject({ failed: 0, reasons: {} });
    expect(report.total.ok).toBe(report.total.sent);
  });

  it("goes back by itself from a release that never becomes healthy, with the reason", async () => {
    const spec = { health: { "interval-ms": 20, "deadline-ms": 2500 } };
    const v3 = await workspace.release("3.0.0", { TINY_HEALTH: "never" }, ["acme", "zen"], spec);
    const load = startLoad({ urls: [await workspace.url()], ratePerSecond: 100 });
    const events: RolloutEvent[] = [];
    const onEvent = (event: RolloutEvent): void => void events.push(event);
    const outcome = await workspace.deploy(v3, { tenants: ["acme", "zen"], onEvent });
    const { total } = await load.stop();
    expect(total.failed).toBe(0);
    expect(outcome.status).toBe("failed");
    const [acme, zen] = outcome.tenants;
    expect(acme).toMatchObject({
      status: "rolled-back",
      code: "target.unhealthy",
      previous: { version: "1.0.0" },
    });
    expect(acme?.reason).toMatch(
      /GET \/health was not healthy within 2500 ms: status 503.*tiny 3\.0\.0 listens/su,
    );
    expect(acme?.steps.map(({ name, state }) => `${name} ${state}`)).toEqual([
      "prepare done",
      "start done",
      "wait-healthy failed",
      "switch skipped",
      "verify skipped",
      "drain skipped",
      "retire skipped",
      "restore done",
      "discard done",
    ]);
    expect(zen?.status).toBe("skipped");
    expect(events.map(({ type }) => type)).toContain("undo-started");
    expect((await workspace.deployments.read(scope)).history[0]).toMatchObject({ status: "rolled-back" });
    await expectOnly("1.0.0");
  });

  it("gives the traffic back when the release fails after the switch, and loses no request", async () => {
    // Healthy for start and switch, not any more when it is verified.
    const v4 = await workspace.release("4.0.0", { TINY_HEALTH: "brief", TINY_GOOD: "2" });
    const load = startLoad({ urls: [await workspace.url()], ratePerSecond: 100 });
    const outcome = await workspace.deploy(v4);
    const { total } = await load.stop();
    expect(total.failed).toBe(0);
    expect(outcome.tenants[0]).toMatchObject({ status: "rolled-back", code: "target.verify" });
    expect(outcome.tenants[0]?.steps.find(({ name }) => name === "switch")?.state).toBe("done");
    await expectOnly("1.0.0");
  });

  it("says at once that a release ends at its start, with its last words", async () => {
    const v5 = await workspace.release("5.0.0", { TINY_CRASH: "1" });
    const outcome = await workspace.deploy(v5);
    expect(outcome.tenants[0]).toMatchObject({ status: "rolled-back", code: "target.start" });
    expect(outcome.tenants[0]?.reason).toContain(
      "exit status 3; it wrote last:\n  | tiny: cannot find its database",
    );
    await expectOnly("1.0.0");
  });

  it("says that a command does not exist", async () => {
    const v6 = await workspace.release("6.0.0", {}, ["acme"], { command: ["./no-such-program"] });
    const outcome = await workspace.deploy(v6);
    expect(outcome.tenants[0]).toMatchObject({ status: "rolled-back", code: "target.start" });
    expect(outcome.tenants[0]?.reason).toBe("./no-such-program could not be started: ENOENT");
    await expectOnly("1.0.0");
  });

  it("ends a release that ignores SIGTERM", async () => {
    const v7 = await workspace.release("7.0.0", { TINY_STUBBORN: "1" }, ["acme"], {
      "drain-timeout-ms": 150,
    });
    expect((await workspace.deploy(v7)).status).toBe("deployed");
    expect((await workspace.deploy(v1)).status).toBe("deployed");
    await expectOnly("1.0.0");
  });

  it("undoes everything when the user stops it, also after the switch", async () => {
    for (const step of ["wait-healthy", "verify", "drain"]) {
      const controller = new AbortController();
      const outcome = await workspace.deploy(v2, {
        signal: controller.signal,
        onEvent: (event) => {
          if (event.type === "step-started" && event.step === step) controller.abort();
        },
      });
      expect(outcome.status).toBe("interrupted");
      expect(outcome.tenants[0]).toMatchObject({ status: "rolled-back", code: "rollout.interrupted" });
      await expectOnly("1.0.0");
    }
  });

  it("brings back the same bytes after the code was edited, and knows what is up to date", async () => {
    expect((await workspace.deploy(v1)).tenants[0]).toMatchObject({ status: "up-to-date", steps: [] });
    expect((await workspace.deploy(v1, { force: true })).tenants[0]).toMatchObject({ status: "deployed" });
    await expectOnly("1.0.0");
  });

  it("refuses a second rollout and names the owner of the first", async () => {
    let second: Promise<unknown> | undefined;
    await workspace.deploy(v2, {
      id: "first",
      onEvent: (event) => {
        if (event.type === "step-started" && event.step === "start") {
          second = workspace.deploy(v2, { id: "second" }).catch((error: unknown) => error);
        }
      },
    });
    expect(await second).toMatchObject({
      code: "rollout.locked",
      message: expect.stringContaining(`rollout first by user:tester, process ${process.pid}`) as string,
    });
    expect((await workspace.deploy(v1)).status).toBe("deployed");
  });

  it("refuses a port that another tenant has", async () => {
    const port = Number(new URL(await workspace.url("zen")).port);
    const v8 = await workspace.release("8.0.0", {}, ["acme"], { port });
    const outcome = await workspace.deploy(v8);
    expect(outcome.tenants[0]).toMatchObject({ status: "rolled-back", code: "target.port" });
    await expectOnly("1.0.0");
  });
});
