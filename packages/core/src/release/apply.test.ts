import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LotseError, systemClock } from "../kernel/index.ts";
import { applyRollout, type ApplyPorts } from "./apply.ts";
import { currentDeployments, openDeployments, type DeploymentStore } from "./deployments.ts";
import { planRollout, type Plan } from "./legacy-plan.ts";
import type { Release } from "./release.ts";
import { stepNames, type StepName } from "./strategies/strategy.ts";
import { conformanceCases } from "./testing/conformance.ts";
import { MemoryTarget } from "./testing/memory-target.ts";
import type { Payload } from "./target.ts";

const environment = "prod";
const tenants = ["acme", "zen", "last"];
const part = { config: "c".repeat(64), variables: null };
const releaseOf = (version: string): Release => ({
  schema: 1,
  id: version[0]?.repeat(64) ?? "",
  version,
  code: "d".repeat(64),
  target: { type: "memory" },
  configurations: { prod: Object.fromEntries(tenants.map((tenant) => [tenant, part])) },
  commit: null,
  files: 1,
  bytes: 1,
  createdAt: "2026-01-01T00:00:00.000Z",
  createdBy: "user:t",
  seal: "e".repeat(64),
});
const payloadOf = (release: Release): Payload => ({
  release: release.id,
  version: release.version,
  spec: {},
  materialise: () => Promise.reject(new Error("nothing to write")),
});

let lotse: string;
let target: MemoryTarget;
let deployments: DeploymentStore;
const v1 = releaseOf("1.0.0");
const v2 = releaseOf("2.0.0");

beforeEach(async () => {
  lotse = await mkdtemp(join(tmpdir(), "lotse-apply-"));
  target = new MemoryTarget();
  deployments = openDeployments(lotse);
});
afterEach(() => rm(lotse, { recursive: true }));

async function plan(release: Release, id = `to-${release.version}`): Promise<Plan> {
  const scopes = tenants.map((tenant) => ({ environment, tenant }));
  const present = await currentDeployments(deployments, target, scopes, systemClock);
  return planRollout({ id, release, environment, tenants, deployments: present });
}

function portsFor(release: Release, more: Partial<ApplyPorts> = {}): ApplyPorts {
  const actor = { kind: "ci", id: "test" } as const;
  return { target, deployments, payloadFor: () => payloadOf(release), clock: systemClock, actor, ...more };
}

const deploy = async (release: Release, more: Partial<ApplyPorts> = {}) =>
  applyRollout(await plan(release), portsFor(release, more));
const versions = () => tenants.map((tenant) => target.versionOf({ environment, tenant }));

describe("applyRollout", () => {
  it("deploys tenant after tenant, and again to the other colour", async () => {
    expect(await deploy(v1)).toMatchObject({ status: "deployed", rollout: "to-1.0.0" });
    expect(versions()).toEqual(["1.0.0", "1.0.0", "1.0.0"]);
    target.calls.length = 0;
    expect((await deploy(v2)).tenants.map(({ status }) => status)).toEqual([
      "deployed",
      "deployed",
      "deployed",
    ]);
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
    expect((await deploy(v2)).tenants.map(({ status }) => status)).toEqual(tenants.map(() => "up-to-date"));
    expect(target.calls).toEqual([]);
  });

  // A failure of drain or retire comes when the new release is verified, and undoes nothing.
  it.each(stepNames.map((step) => [step, step === "drain" || step === "retire"] as const))(
    "a failure of %s in the second tenant: deployed is %s, the third stays as it was",
    async (step, deployed) => {
      await deploy(v1);
      target.before = (name, slot) => {
        if (slot.tenant !== "zen" || name !== (step === "switch" ? "route" : step) || (name === "route" && slot.colour !== "green")) return;
        target.before = () => {};
        throw new LotseError({ code: "target.unhealthy", message: "boom" });
      };
      const outcome = await deploy(v2);
      expect(outcome.status).toBe(deployed ? "deployed" : "failed");
      const [acme, zen, last] = outcome.tenants;
      expect([acme?.status, zen?.status, last?.status]).toEqual(
        deployed ? ["deployed", "deployed", "deployed"] : ["deployed", "rolled-back", "skipped"],
      );
      expect(zen).toMatchObject({ code: "target.unhealthy", reason: "boom", previous: { version: "1.0.0" } });
      expect(versions()).toEqual(deployed ? ["2.0.0", "2.0.0", "2.0.0"] : ["2.0.0", "1.0.0", "1.0.0"]);
      const { colours } = await target.inspect({ environment, tenant: "zen" });
      expect(colours).toHaveLength(step === "retire" ? 2 : 1);
      const { current, pending, history } = await deployments.read({ environment, tenant: "zen" });
      expect([current?.version, pending]).toEqual([deployed ? "2.0.0" : "1.0.0", null]);
      expect(history[0]).toMatchObject({ status: deployed ? "deployed" : "rolled-back", reason: "boom" });
      // What is left over goes with the next rollout, also where there is nothing else to do.
      await deploy(v2);
      expect((await target.inspect({ environment, tenant: "zen" })).colours).toHaveLength(1);
      expect(versions()).toEqual(["2.0.0", "2.0.0", "2.0.0"]);
    },
  );

  it("is failed, not rolled back, where there was nothing before", async () => {
    target.before = (name) => {
      if (name === "wait-healthy") throw new Error("boom");
    };
    const outcome = await deploy(v1);
    expect(outcome.tenants.map(({ status }) => status)).toEqual(["failed", "skipped", "skipped"]);
    expect(outcome.tenants[0]).toMatchObject({ code: "rollout.failed", reason: "Error: boom" });
    expect((await target.inspect({ environment, tenant: "acme" })).colours).toEqual([]);
    expect((await deployments.read({ environment, tenant: "acme" })).current).toBeNull();
  });

  it("believes the target where the answer to the switch was lost", async () => {
    await deploy(v1);
    const lose = target.route.bind(target);
    let lost = false;
    target.route = async (scope, weights) => {
      await lose(scope, weights);
      if (lost) return;
      lost = true;
      throw new LotseError({ code: "target.supervisor", message: "no answer" });
    };
    expect((await deploy(v2)).tenants[0]).toMatchObject({ status: "rolled-back", reason: "no answer" });
    expect(versions()).toEqual(["1.0.0", "1.0.0", "1.0.0"]);
  });

  it("says so when undoing fails too, and writes down what is true", async () => {
    await deploy(v1);
    target.before = (name, slot) => {
      if (name === "verify") throw new Error("sick");
      if (name === "route" && slot.colour === "blue") throw new Error("stuck");
    };
    const [acme] = (await deploy(v2)).tenants;
    expect(acme?.status).toBe("failed");
    expect(acme?.reason).toBe("Error: sick; and the traffic could not be given back: Error: stuck");
    expect((await deployments.read({ environment, tenant: "acme" })).current).toMatchObject({
      version: "2.0.0",
    });
  });

  it.each<StepName>(["prepare", "start", "wait-healthy", "switch", "verify", "drain"])(
    "undoes all when it is stopped during %s",
    async (step) => {
      await deploy(v1);
      const controller = new AbortController();
      target.before = (name, slot) => {
        if (name === (step === "switch" ? "route" : step) && slot.tenant === "acme") controller.abort(new Error("ctrl-c"));
      };
      if (step === "drain") target.drain = () => Promise.reject(controller.signal.reason as Error);
      if (step === "drain")
        target.before = (name) => void (name === "verify" && controller.abort(new Error("ctrl-c")));
      const outcome = await deploy(v2, { signal: controller.signal });
      expect(outcome.status).toBe("interrupted");
      expect(outcome.tenants.map(({ status }) => status)).toEqual(["rolled-back", "skipped", "skipped"]);
      expect(outcome.tenants[0]).toMatchObject({ code: "rollout.interrupted" });
      expect(versions()).toEqual(["1.0.0", "1.0.0", "1.0.0"]);
    },
  );

  it("touches nothing when it is stopped before it began", async () => {
    const outcome = await deploy(v1, { signal: AbortSignal.abort() });
    expect(outcome.status).toBe("interrupted");
    expect(target.calls).toEqual([]);
  });

  it("finishes retiring when it is stopped then", async () => {
    await deploy(v1);
    const controller = new AbortController();
    target.before = (name, slot) => {
      if (name === "retire" && slot.tenant === "last") controller.abort();
    };
    expect((await deploy(v2, { signal: controller.signal })).status).toBe("deployed");
  });

  it("refuses a plan that no longer fits, before touching anything", async () => {
    const old = await plan(v2);
    await deploy(v1);
    target.calls.length = 0;
    await expect(applyRollout(old, portsFor(v2))).rejects.toMatchObject({ code: "rollout.stale" });
    expect(target.calls).toEqual([]);
    expect((await deploy(v2)).status).toBe("deployed");
  });

  it("refuses to run beside another rollout, as a whole", async () => {
    await deploy(v1);
    let refused: unknown;
    target.before = async (name, slot) => {
      if (name !== "start" || slot.tenant !== "acme") return;
      refused = await deploy(v2).catch((error: unknown) => error);
    };
    await deploy(v2);
    expect(refused).toMatchObject({ code: "rollout.locked" });
  });

  it("tells what happens, in order", async () => {
    const events: string[] = [];
    await deploy(v1, {
      onEvent: (event) => {
        const what = "step" in event ? event.step : "";
        if (event.tenant === "acme") events.push(`${event.type} ${what}`.trim());
      },
    });
    expect(events).toEqual([
      "tenant-started",
      ...["prepare", "start", "wait-healthy", "switch", "verify"].flatMap((step) => [
        `step-started ${step}`,
        `step-finished ${step}`,
      ]),
      "tenant-finished",
    ]);
  });
});

describe("memory target", () => {
  let number = 0;
  for (const { name, run } of conformanceCases) {
    it(name, () => {
      const memory = new MemoryTarget();
      return run({
        target: memory,
        newScope: () => ({ environment, tenant: `t${(number += 1)}` }),
        payload: (version) => payloadOf(releaseOf(version)),
        versionOf: (scope) => Promise.resolve(memory.versionOf(scope)),
        hold: (scope) => Promise.resolve(memory.hold(scope)),
      });
    });
  }
});
