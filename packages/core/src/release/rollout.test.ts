import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Agent } from "node:http";
import { systemClock } from "../kernel/index.ts";
import type { Release } from "./release.ts";
import { startLoad } from "./testing/load.ts";
import { testRequest } from "./testing/memory-driver.ts";
import { environment, get, TestWorkspace, until } from "./testing/test-workspace.ts";

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
    const outcome = await workspace.deploy(v3, { tenants: ["acme", "zen"] });
    const { total } = await load.stop();
    expect(total.failed).toBe(0);
    expect(outcome.status).toBe("failed");
    const [acme, zen] = outcome.tenants;
    expect(acme).toMatchObject({
      status: "rolled-back",
      code: "target.unhealthy",
      plan: { from: { version: "1.0.0" } },
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
      "restore done",
      "drain-new done",
      "discard done",
    ]);
    expect(zen?.status).toBe("skipped");
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
    const back = await workspace.deploy(v1, { strategy: { strategy: "blue-green", old: "removed" } });
    expect(back).toMatchObject({ status: "deployed" });
    expect(back.tenants[0]?.reason).toBeUndefined();
    await expectOnly("1.0.0");
  });

  it("undoes everything when the user stops it, also after the switch", async () => {
    for (const step of ["wait-healthy", "verify", "drain-old"]) {
      const controller = new AbortController();
      const outcome = await workspace.deploy(v2, {
        signal: controller.signal,
        strategy: { strategy: "blue-green", old: "stopped" },
        onStep: (name) => {
          if (name === step) controller.abort();
        },
      });
      expect(outcome.status).toBe("aborted");
      expect(outcome.tenants[0]).toMatchObject({ status: "rolled-back", code: "rollout.interrupted" });
      await expectOnly("1.0.0");
    }
  });

  it("brings back the same bytes after the code was edited, and knows what is up to date", async () => {
    expect((await workspace.deploy(v1)).tenants[0]).toMatchObject({ status: "up-to-date", steps: [] });
    expect((await workspace.deploy(v1, { force: true })).tenants[0]).toMatchObject({ status: "deployed" });
    expect(await workspace.versionOf()).toBe("1.0.0");
  });

  it("refuses a port that another tenant has", async () => {
    const port = Number(new URL(await workspace.url("zen")).port);
    const v8 = await workspace.release("8.0.0", {}, ["acme"], { port });
    const outcome = await workspace.deploy(v8);
    expect(outcome.tenants[0]).toMatchObject({ status: "rolled-back", code: "target.port" });
    await expectOnly("1.0.0");
  });

  it("goes back to a warm release without starting anything", async () => {
    expect((await workspace.deploy(v1, { force: true })).status).toBe("deployed");
    expect((await workspace.deploy(v2)).status).toBe("deployed");
    const { colours } = await workspace.target.inspect(scope);
    const pidOf = (version: string): unknown =>
      colours.find((colour) => colour.version === version)?.detail["pid"];
    const load = startLoad({ urls: [await workspace.url()], ratePerSecond: 100 });
    const before = pidOf("1.0.0");
    expect(before).toBeTypeOf("number");
    const back = await workspace.deploy(v1);
    expect(back.tenants[0]?.steps.map(({ name }) => name)).toEqual(["wait-healthy", "switch", "verify"]);
    expect((await load.stop()).total).toMatchObject({ failed: 0, reasons: {} });
    expect(await workspace.versionOf()).toBe("1.0.0");
    const after = (await workspace.target.inspect(scope)).colours;
    expect(after.find(({ version }) => version === "1.0.0")?.detail["pid"]).toBe(before);
  });
});

const canary = (more: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> => ({
  strategy: "canary",
  steps: [{ weight: 10 }, { gate: "errors" }, { weight: 50 }, { gate: "errors" }],
  gates: { errors: { kind: "requests", "max-error-percent": 2, "min-requests": 5, for: "400ms" } },
  ...more,
});

describe("canaries of a real process", () => {
  let workspace: TestWorkspace;
  let v1: Release;
  let v2: Release;

  beforeAll(async () => {
    workspace = await TestWorkspace.make("canary");
    v1 = await workspace.release("1.0.0");
    v2 = await workspace.release("2.0.0");
    expect((await workspace.deploy(v1)).status).toBe("deployed");
  });
  afterAll(() => workspace.dispose());

  it("go on while the gate finds nothing, and lose no request", async () => {
    const load = startLoad({ urls: [await workspace.url()], ratePerSecond: 300 });
    const outcome = await workspace.deploy(v2, { strategy: canary() });
    const { total } = await load.stop();
    expect(outcome.tenants[0]).toMatchObject({ status: "deployed" });
    expect(outcome.tenants[0]?.steps.find(({ name }) => name === "gate.errors.1")?.note).toMatch(
      /^0 of \d+ requests in 400ms went wrong/u,
    );
    expect(total).toMatchObject({ failed: 0, reasons: {} });
    expect((await workspace.deploy(v1)).status).toBe("deployed");
  });

  it("go back when answers of 5xx are too many", async () => {
    const bad = await workspace.release("2.1.0", { TINY_STATUS: "500" });
    const load = startLoad({ urls: [await workspace.url()], ratePerSecond: 300 });
    const outcome = await workspace.deploy(bad, { strategy: canary() });
    await load.stop();
    expect(outcome.tenants[0]).toMatchObject({ status: "rolled-back", code: "target.gate" });
    expect(outcome.tenants[0]?.reason).toMatch(/gate errors refuses the release: (\d+) of \1 requests/u);
    expect(await workspace.versionOf()).toBe("1.0.0");
    expect((await workspace.target.inspect(scope)).active).not.toBeNull();
  });

  it("go back when nobody asks anything: no data is no success", async () => {
    const outcome = await workspace.deploy(v2, { strategy: canary() });
    expect(outcome.tenants[0]).toMatchObject({ status: "rolled-back", code: "target.gate" });
    expect(outcome.tenants[0]?.reason).toMatch(/has no data to judge by: 0 of 0 requests/u);
    expect(await workspace.versionOf()).toBe("1.0.0");
  });

  it("in the middle of one, a new release goes back to the stable one and not to the canary", async () => {
    await abandon(workspace, v2, canary(), "weight.10");
    expect((await workspace.target.inspect(scope)).active).toBeNull();
    const v3 = await workspace.release("3.0.0", { TINY_HEALTH: "never" }, ["acme"], {
      health: { "interval-ms": 20, "deadline-ms": 400 },
    });
    const load = startLoad({ urls: [await workspace.url()], ratePerSecond: 100 });
    const outcome = await workspace.deploy(v3);
    expect((await load.stop()).total).toMatchObject({ failed: 0, reasons: {} });
    expect(outcome.tenants[0]).toMatchObject({ status: "rolled-back", plan: { from: { version: "1.0.0" } } });
    expect(outcome.tenants[0]?.steps.slice(0, 3).map(({ name }) => name)).toEqual([
      "settle",
      "settle-drain",
      "prepare",
    ]);
    expect(await workspace.versionOf()).toBe("1.0.0");
  });

  it("the stable release again in the middle of one takes its requests back", async () => {
    await abandon(workspace, v2, canary(), "weight.10");
    const outcome = await workspace.deploy(v1);
    expect(outcome.tenants[0]).toMatchObject({ status: "deployed" });
    expect((await workspace.target.inspect(scope)).active).not.toBeNull();
    expect(await workspace.versionOf()).toBe("1.0.0");
  });

  it("a stable release that crashes does not stand in the way of the one that mends it", async () => {
    const stable = async (): Promise<{ restarts: number; pid: unknown } | undefined> => {
      const { colours } = await workspace.target.inspect(scope);
      const found = colours.find(({ version }) => version === "1.0.0");
      return found === undefined ? undefined : { restarts: found.restarts, pid: found.detail["pid"] };
    };
    const killing = new AbortController();
    const kill = async (): Promise<void> => {
      while (!killing.signal.aborted) {
        const pid = (await stable())?.pid;
        if (typeof pid === "number") process.kill(pid, "SIGKILL");
        await systemClock.sleep(10);
      }
    };
    const killer = kill();
    try {
      await until("it crashes again and again", async () => ((await stable())?.restarts ?? 0) > 1);
      const outcome = await workspace.deploy(v2, { strategy: canary({ steps: [{ weight: 50 }] }) });
      expect(outcome.tenants[0]).toMatchObject({ status: "deployed" });
      expect(await workspace.versionOf()).toBe("2.0.0");
    } finally {
      killing.abort();
      await killer;
    }
  });
});

/** A rollout that ends in the middle for good, after a step: nothing is undone. */
async function abandon(
  workspace: TestWorkspace,
  release: Release,
  strategy: Readonly<Record<string, unknown>>,
  after: string,
): Promise<void> {
  const driver = workspace.driver();
  const request = testRequest({
    release,
    tenants: ["acme"],
    environment,
    strategy,
    id: `abandoned-${after}`,
  });
  const { signal } = new AbortController();
  const plan = await driver.plan(request, scope, signal);
  const effect = { ...scope, rollout: request.id, fence: workspace.nextFence() };
  await driver.begun(request, plan, { ...effect, key: "begin" });
  for (const step of plan.steps) {
    if (step.kind === "act") await driver.act(request, step, { ...effect, key: step.name, signal });
    if (step.name === after) return;
  }
  throw new Error(`there is no step ${after}`);
}
