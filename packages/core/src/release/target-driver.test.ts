import { beforeEach, describe, expect, it } from "vitest";
import { LotseError } from "../kernel/index.ts";
import type { DeploymentStore } from "./deployments.ts";
import type { RolloutDriver } from "./driver.ts";
import type { Gate } from "./gate.ts";
import {
  memoryDeployments,
  memoryDriver,
  testPayload,
  testRelease,
  testRequest,
  type MemoryDriverOptions,
  type TestRequest,
} from "./testing/memory-driver.ts";
import { MemoryTarget, type MemoryStep } from "./testing/memory-target.ts";
import { runRollout, type RunOptions, type RunOutcome } from "./testing/run-rollout.ts";

const environment = "prod";
const tenants = ["acme", "zen", "last"];
const v1 = testRelease("1.0.0", tenants);
const v2 = testRelease("2.0.0", tenants);
const v3 = testRelease("3.0.0", tenants);
const acme = { environment, tenant: "acme" };

let target: MemoryTarget;
let deployments: DeploymentStore;

function driverWith(more: Partial<MemoryDriverOptions> = {}): RolloutDriver {
  return memoryDriver({ target, deployments, releases: [v1, v2, v3], ...more });
}

function deploy(
  release: typeof v1,
  more: Partial<TestRequest> & RunOptions = {},
  driver: RolloutDriver = driverWith(),
): Promise<RunOutcome> {
  return runRollout(driver, testRequest({ release, tenants, ...more }), more);
}

const versions = (): readonly (string | null)[] =>
  tenants.map((tenant) => target.versionOf({ environment, tenant }));
const statuses = ({ tenants: all }: RunOutcome): readonly string[] => all.map(({ status }) => status);
const removed = { strategy: "blue-green", old: "removed" };

beforeEach(() => {
  target = new MemoryTarget();
  deployments = memoryDeployments();
});

describe("a rollout", () => {
  it("deploys tenant after tenant, and again to the other colour", async () => {
    expect(statuses(await deploy(v1))).toEqual(["deployed", "deployed", "deployed"]);
    expect(versions()).toEqual(["1.0.0", "1.0.0", "1.0.0"]);
    target.calls.length = 0;
    expect(statuses(await deploy(v2, { strategy: removed }))).toEqual(["deployed", "deployed", "deployed"]);
    expect(versions()).toEqual(["2.0.0", "2.0.0", "2.0.0"]);
    expect(target.calls.slice(0, 8)).toEqual([
      "prepare prod/acme/green",
      "start prod/acme/green",
      "wait-healthy prod/acme/green",
      "route prod/acme/green",
      "verify prod/acme/green",
      "drain prod/acme/blue",
      "retire prod/acme/blue",
      "prepare prod/zen/green",
    ]);
    target.calls.length = 0;
    expect(statuses(await deploy(v2))).toEqual(tenants.map(() => "up-to-date"));
    expect(target.calls).toEqual([]);
  });

  const steps: [MemoryStep, string, boolean][] = [
    ["prepare", "prepare", false],
    ["start", "start", false],
    ["wait-healthy", "wait-healthy", false],
    ["route", "switch", false],
    ["verify", "verify", false],
    ["drain", "drain-old", true],
    ["retire", "retire-old", true],
  ];
  it.each(steps)("a failure of %s in the second tenant", async (action, name, deployed) => {
    await deploy(v1);
    const onStep = (step: string, tenant: string): void => {
      if (tenant !== "zen" || step !== name) return;
      target.before = (called) => {
        if (called !== action) return;
        target.before = () => {};
        throw new LotseError({ code: "target.unhealthy", message: "boom" });
      };
    };
    const outcome = await deploy(v2, { strategy: removed, onStep });
    expect(outcome.status).toBe(deployed ? "deployed" : "failed");
    expect(statuses(outcome)).toEqual(
      deployed ? ["deployed", "deployed", "deployed"] : ["deployed", "rolled-back", "skipped"],
    );
    expect(outcome.tenants[1]).toMatchObject({ code: "target.unhealthy", reason: "boom" });
    expect(versions()).toEqual(deployed ? ["2.0.0", "2.0.0", "2.0.0"] : ["2.0.0", "1.0.0", "1.0.0"]);
    const zen = { environment, tenant: "zen" };
    if (!deployed)
      expect((await target.inspect(zen)).colours.map(({ version }) => version)).toEqual(["1.0.0"]);
    const { current, pending, history } = await deployments.read(zen);
    expect([current?.version, pending]).toEqual([deployed ? "2.0.0" : "1.0.0", null]);
    expect(history[0]).toMatchObject({ status: deployed ? "deployed" : "rolled-back", by: "ci:test" });
    expect((await deploy(v2)).status).toBe("deployed");
    expect(versions()).toEqual(["2.0.0", "2.0.0", "2.0.0"]);
  });

  it("is failed, not rolled back, where there was nothing before", async () => {
    target.before = (name) => {
      if (name === "wait-healthy") throw new Error("boom");
    };
    const outcome = await deploy(v1);
    expect(statuses(outcome)).toEqual(["failed", "skipped", "skipped"]);
    expect((await target.inspect(acme)).colours).toEqual([]);
    expect((await deployments.read(acme)).current).toBeNull();
  });

  it("believes the target where the answer to the switch was lost", async () => {
    await deploy(v1);
    target.after = (name) => {
      if (name !== "route") return;
      target.after = () => {};
      throw new LotseError({ code: "target.supervisor", message: "no answer" });
    };
    expect((await deploy(v2)).tenants[0]).toMatchObject({ status: "rolled-back", reason: "no answer" });
    expect(versions()).toEqual(["1.0.0", "1.0.0", "1.0.0"]);
  });

  it("says so when undoing fails too, and writes down what is true", async () => {
    await deploy(v1);
    target.before = (name, { colour }) => {
      if (name === "verify") throw new Error("sick");
      if (name === "route" && colour === "blue") throw new Error("stuck");
    };
    const [first] = (await deploy(v2)).tenants;
    expect(first).toMatchObject({ status: "failed", reason: "sick; and restore failed: stuck" });
    expect((await deployments.read(acme)).current).toMatchObject({ version: "2.0.0" });
  });

  it.each(["prepare", "start", "wait-healthy", "switch", "verify", "drain-old"])(
    "is undone when it is stopped at %s",
    async (step) => {
      await deploy(v1);
      const controller = new AbortController();
      const onStep = (name: string): void => {
        if (name === step) controller.abort();
      };
      const outcome = await deploy(v2, { strategy: removed, signal: controller.signal, onStep });
      expect(outcome.status).toBe("aborted");
      expect(statuses(outcome)).toEqual(["rolled-back", "skipped", "skipped"]);
      expect(outcome.tenants[0]).toMatchObject({ code: "rollout.interrupted" });
      expect(versions()).toEqual(["1.0.0", "1.0.0", "1.0.0"]);
    },
  );

  it("finishes removing the old release when it is stopped then", async () => {
    await deploy(v1);
    const controller = new AbortController();
    const onStep = (name: string, tenant: string): void => {
      if (name === "retire-old" && tenant === "last") controller.abort();
    };
    expect((await deploy(v2, { strategy: removed, signal: controller.signal, onStep })).status).toBe(
      "deployed",
    );
  });
});

describe("going back", () => {
  it("to a warm release starts nothing, but asks anew whether it is healthy", async () => {
    await deploy(v1);
    await deploy(v2);
    target.calls.length = 0;
    await deploy(v1, { tenants: ["acme"] });
    expect(target.calls).toEqual([
      "wait-healthy prod/acme/blue",
      "route prod/acme/blue",
      "verify prod/acme/blue",
    ]);
    expect((await deployments.read(acme)).current).toMatchObject({ version: "1.0.0", colour: "blue" });
  });

  it("to a stopped release starts it", async () => {
    await deploy(v1);
    await deploy(v2, { strategy: { strategy: "blue-green", old: "stopped" } });
    target.calls.length = 0;
    await deploy(v1, { tenants: ["acme"] });
    expect(target.calls[0]).toBe("start prod/acme/blue");
    expect(target.calls.some((call) => call.startsWith("prepare"))).toBe(false);
  });

  it("to a release whose warm process has ended puts it in place again", async () => {
    await deploy(v1);
    await deploy(v2);
    target.crash({ ...acme, colour: "blue" });
    target.calls.length = 0;
    await deploy(v1, { tenants: ["acme"] });
    expect(target.calls[0]).toBe("prepare prod/acme/blue");
  });

  it("to the stable release, not to the canary that it replaces", async () => {
    await deploy(v1, { tenants: ["acme"] });
    const strategy = { strategy: "canary", steps: [{ weight: 5 }, { pause: "1m" }] };
    const driver = driverWith();
    const request = testRequest({ release: v2, tenants: ["acme"], strategy });
    const { signal } = new AbortController();
    const plan = await driver.plan(request, acme, signal);
    const effect = { ...acme, rollout: request.id, fence: 2, signal };
    await driver.begun(request, plan, { ...effect, key: "begin" });
    for (const step of plan.steps.slice(0, 4)) {
      if (step.kind === "act") await driver.act(request, step, { ...effect, key: step.name });
    }
    expect((await target.inspect(acme)).traffic).toEqual({ local: { blue: 95, green: 5 } });
    target.before = (name, { colour }) => {
      if (name === "wait-healthy" && colour === "green") throw new Error("sick");
    };
    const outcome = await deploy(v3, { tenants: ["acme"], fence: 3 });
    expect(outcome.tenants[0]).toMatchObject({ status: "rolled-back", plan: { from: { version: "1.0.0" } } });
    expect(target.versionOf(acme)).toBe("1.0.0");
    expect(
      (await deployments.read(acme)).history.map(({ version, status }) => `${version} ${status}`),
    ).toEqual(["3.0.0 rolled-back", "2.0.0 interrupted", "1.0.0 deployed"]);
  });
});

describe("a stable release that has crashed", () => {
  it("does not stand in the way of the one that mends it, and gets no part of a canary", async () => {
    await deploy(v1, { tenants: ["acme"] });
    target.crash({ ...acme, colour: "blue" });
    const strategy = { strategy: "canary", steps: [{ weight: 5 }, { pause: "1m" }, { weight: 50 }] };
    const outcome = await deploy(v2, { tenants: ["acme"], strategy });
    expect(outcome.tenants[0]?.plan?.steps.map(({ name }) => name)).toEqual([
      "prepare",
      "start",
      "wait-healthy",
      "switch",
      "verify",
    ]);
    expect(target.versionOf(acme)).toBe("2.0.0");
  });

  it("can be replaced while a canary has some of its requests", async () => {
    await deploy(v1, { tenants: ["acme"] });
    await target.prepare({ ...acme, colour: "green" }, testPayload(v2));
    await target.start({ ...acme, colour: "green" });
    await target.route(acme, { blue: 50, green: 50 });
    target.crash({ ...acme, colour: "blue" });
    expect((await deploy(v3, { tenants: ["acme"] })).status).toBe("deployed");
    expect(target.versionOf(acme)).toBe("3.0.0");
  });

  it("is not up to date when it is asked for again", async () => {
    await deploy(v1, { tenants: ["acme"] });
    target.crash({ ...acme, colour: "blue" });
    const outcome = await deploy(v1, { tenants: ["acme"] });
    expect(outcome.tenants[0]).toMatchObject({ status: "deployed", plan: { to: { colour: "green" } } });
  });
});

describe("gates", () => {
  const strategy = {
    strategy: "canary",
    steps: [{ weight: 10 }, { gate: "errors" }],
    gates: { errors: { kind: "requests", "max-error-percent": 1 } },
  };
  const judged = (verdict: "pass" | "fail" | "no-data"): Gate => ({
    judge: ({ colour, weights, release }) =>
      Promise.resolve({ verdict, reason: `${colour} ${weights.green} ${release.slice(0, 3)}` }),
  });

  it.each([
    ["fail", "gate errors refuses the release: green 10 222"],
    ["no-data", "gate errors has no data to judge by: green 10 222"],
  ] as const)("%s goes back", async (verdict, reason) => {
    await deploy(v1, { tenants: ["acme"] });
    const driver = driverWith({ openGate: () => judged(verdict) });
    const outcome = await deploy(v2, { tenants: ["acme"], strategy }, driver);
    expect(outcome.tenants[0]).toMatchObject({ status: "rolled-back", code: "target.gate", reason });
    expect(target.versionOf(acme)).toBe("1.0.0");
  });

  it("that pass let it go on, with what they say", async () => {
    await deploy(v1, { tenants: ["acme"] });
    const outcome = await deploy(
      v2,
      { tenants: ["acme"], strategy },
      driverWith({ openGate: () => judged("pass") }),
    );
    expect(outcome.tenants[0]?.steps.find(({ name }) => name === "gate.errors")?.note).toBe("green 10 222");
    expect(target.versionOf(acme)).toBe("2.0.0");
  });

  it("in the watch after the switch go back, too, and so does a process that does not stay up", async () => {
    await deploy(v1, { tenants: ["acme"] });
    const watch = {
      strategy: "blue-green",
      watch: { for: "2s", every: "1s", gates: ["errors"] },
      gates: strategy.gates,
    };
    let asked = 0;
    const gate: Gate = {
      judge: () => Promise.resolve({ verdict: (asked += 1) < 2 ? "pass" : "fail", reason: "told" }),
    };
    const failed = await deploy(
      v2,
      { tenants: ["acme"], strategy: watch },
      driverWith({ openGate: () => gate }),
    );
    expect(failed.tenants[0]).toMatchObject({ status: "rolled-back", code: "target.gate" });
    expect(target.versionOf(acme)).toBe("1.0.0");
    let verified = 0;
    target.before = (name) => {
      if (name === "verify" && (verified += 1) > 1) throw new Error("it ended");
    };
    expect((await deploy(v2, { tenants: ["acme"], strategy: watch })).tenants[0]).toMatchObject({
      status: "rolled-back",
      reason: "it ended",
    });
  });
});

describe("several hosts", () => {
  beforeEach(() => {
    target = new MemoryTarget(["h1", "h2", "h3", "h4", "h5"]);
  });

  it("where one of five fails, the rest are put back", async () => {
    await deploy(v1, { tenants: ["acme"] });
    target.before = (name, { host, colour }) => {
      if (name === "wait-healthy" && host === "h4" && colour === "green")
        throw new LotseError({ code: "target.unhealthy", message: "sick" });
    };
    const outcome = await deploy(v2, { tenants: ["acme"], strategy: "rolling" });
    expect(outcome.tenants[0]).toMatchObject({ status: "rolled-back", code: "target.unhealthy" });
    expect(target.versionOf(acme)).toBe("1.0.0");
    expect((await target.inspect(acme)).colours.every(({ version }) => version === "1.0.0")).toBe(true);
  });

  it("where one is lost for good, the mixed state is told: failed, and which host", async () => {
    await deploy(v1, { tenants: ["acme"] });
    const onStep = (name: string): void => {
      if (name === "switch.4") target.unreachable.add("h2");
    };
    target.before = (name, { host }) => {
      if (name === "verify" && host === "h4") throw new Error("sick");
    };
    const outcome = await deploy(v2, { tenants: ["acme"], strategy: "rolling", onStep });
    expect(outcome.tenants[0]).toMatchObject({ status: "failed" });
    expect(outcome.tenants[0]?.reason).toMatch(/restore failed: h2 cannot be reached/u);
    const { traffic } = await target.inspect(acme);
    for (const host of ["h1", "h3", "h4", "h5"]) expect(traffic[host]).toEqual({ blue: 100, green: 0 });
    // What is stable stays so in the record.
    expect((await deployments.read(acme)).current).toMatchObject({ version: "1.0.0" });
    target.before = () => {};
    expect((await deploy(v2, { tenants: ["acme"], id: "again" })).tenants[0]).toMatchObject({
      code: "target.host",
    });
    target.unreachable.clear();
    expect((await deploy(v2, { tenants: ["acme"], id: "again-2" })).status).toBe("deployed");
    expect(target.versionOf(acme)).toBe("2.0.0");
  });

  it("one more than before gets the new release, and no part of a canary", async () => {
    target = new MemoryTarget(["h1", "h2"]);
    await target.prepare({ ...acme, colour: "blue" }, testPayload(v1), { hosts: ["h1"] });
    await target.start({ ...acme, colour: "blue" }, { hosts: ["h1"] });
    await target.route(acme, { blue: 100, green: 0 }, { hosts: ["h1"] });
    const strategy = { strategy: "canary", steps: [{ weight: 20 }] };
    const outcome = await deploy(v2, { tenants: ["acme"], strategy });
    const weight = outcome.tenants[0]?.plan?.steps.find(({ name }) => name === "weight.20");
    expect(weight).toMatchObject({ input: { hosts: ["h1"] } });
    expect(target.versionOf(acme)).toBe("2.0.0");
  });
});

describe("the records", () => {
  it("are written once, however often a worker asks for it", async () => {
    const driver = driverWith();
    const request = testRequest({ release: v1, tenants: ["acme"] });
    const plan = await driver.plan(request, acme, new AbortController().signal);
    const effect = { ...acme, rollout: request.id, fence: 1, key: "k" };
    await driver.begun(request, plan, effect);
    const begun = await deployments.read(acme);
    await driver.begun(request, plan, effect);
    expect(await deployments.read(acme)).toEqual(begun);
    expect(begun.pending).toMatchObject({ rollout: request.id, version: "1.0.0", by: "ci:test" });
    await driver.ended(request, plan, { status: "deployed" }, effect);
    const ended = await deployments.read(acme);
    await driver.ended(request, plan, { status: "deployed" }, effect);
    await driver.ended(request, plan, { status: "failed", reason: "late" }, effect);
    expect(await deployments.read(acme)).toEqual(ended);
    expect(ended).toMatchObject({ pending: null, current: { version: "1.0.0" } });
    expect(ended.history).toHaveLength(1);
  });

  it("have an entry for each run of a rollout that is tried again", async () => {
    target.before = (name) => {
      if (name === "start") throw new Error("no");
    };
    await deploy(v1, { tenants: ["acme"] });
    target.before = () => {};
    await deploy(v1, { tenants: ["acme"] });
    expect((await deployments.read(acme)).history.map(({ status }) => status)).toEqual([
      "deployed",
      "failed",
    ]);
  });

  it("are what planning finds to be true", async () => {
    await deploy(v1, { tenants: ["acme"] });
    await target.route(acme, { blue: 0, green: 0 });
    const request = testRequest({ release: v2, tenants: ["acme"] });
    await driverWith().plan(request, acme, new AbortController().signal);
    expect((await deployments.read(acme)).current).toBeNull();
  });
});

describe("planning refuses", () => {
  const migrations = [{ path: "002-drop.sql", digest: "f".repeat(64), reversible: false }];
  const past = testRelease("2.0.0", tenants, { migrations });

  it("to lose the way back, unless somebody accepts that", async () => {
    await deploy(v1, { tenants: ["acme"] });
    const driver = driverWith({ releases: [v1, past] });
    const refused = await deploy(past, { tenants: ["acme"] }, driver);
    expect(refused.tenants[0]).toMatchObject({ status: "failed", code: "rollout.irreversible", steps: [] });
    expect(refused.tenants[0]?.reason).toContain("002-drop.sql");
    expect((await deploy(past, { tenants: ["acme"], acceptIrreversible: true }, driver)).status).toBe(
      "deployed",
    );
    const back = await deploy(v1, { tenants: ["acme"] }, driver);
    expect(back.tenants[0]).toMatchObject({ code: "rollout.irreversible" });
  });

  it("to lose it where nobody has the release that runs, so nothing tells which migrations it has", async () => {
    await deploy(v1, { tenants: ["acme"] });
    const refused = await deploy(past, { tenants: ["acme"] }, driverWith({ releases: [past] }));
    expect(refused.tenants[0]).toMatchObject({ code: "rollout.irreversible", steps: [] });
    expect(refused.tenants[0]?.reason).toContain("which migrations 1.0.0 has");
    const harmless = await deploy(v2, { tenants: ["acme"] }, driverWith({ releases: [v2] }));
    expect(harmless.status).toBe("deployed");
  });

  it("to lead from one type of target to another", async () => {
    await deploy(v1, { tenants: ["acme"] });
    const elsewhere = testRelease("2.0.0", tenants, { target: { type: "host" } });
    const outcome = await deploy(elsewhere, { tenants: ["acme"] }, driverWith({ releases: [v1, elsewhere] }));
    expect(outcome.tenants[0]).toMatchObject({ code: "target.refused", steps: [] });
  });

  it("what the release holds nothing for", async () => {
    const outcome = await deploy(v1, { tenants: ["nobody"] });
    expect(outcome.tenants[0]).toMatchObject({ code: "rollout.not-in-release" });
  });
});
