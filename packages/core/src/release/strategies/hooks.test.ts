import { beforeEach, describe, expect, it } from "vitest";
import { LotseError } from "../../kernel/index.ts";
import type { DeploymentStore } from "../deployments.ts";
import type { RolloutDriver } from "../driver.ts";
import type { Release } from "../release.ts";
import {
  memoryDeployments,
  memoryDriver,
  testRelease,
  testRequest,
  type TestRequest,
} from "../testing/memory-driver.ts";
import { MemoryTarget } from "../testing/memory-target.ts";
import { runRollout, type RunOutcome } from "../testing/run-rollout.ts";
import type { Hooks } from "./hooks.ts";

const tenants = ["acme"];
const v1 = testRelease("1.0.0", tenants);
const v2 = testRelease("2.0.0", tenants);
const removed = { strategy: "blue-green", old: "removed" };

let target: MemoryTarget;
let deployments: DeploymentStore;

function driverWith({ hooks: given }: { readonly hooks: Hooks }): RolloutDriver {
  return memoryDriver({ target, deployments, releases: [v1, v2], hooks: given });
}

function deploy(release: Release, more: Partial<TestRequest>, driver: RolloutDriver): Promise<RunOutcome> {
  return runRollout(driver, testRequest({ release, tenants, ...more }));
}

beforeEach(() => {
  target = new MemoryTarget();
  deployments = memoryDeployments();
});

describe("hooks", () => {
  const run = (name: string): readonly string[] => ["./hook", name];
  const hook = (when: "before" | "after", phase: string, on: "one" | "each" = "one") => ({
    when,
    phase,
    run: run(`${when} ${phase}`),
    on,
    timeout: "5s",
  });
  const hooks = {
    migrate: hook("after", "prepare"),
    warm: hook("before", "switch", "each"),
    tell: hook("after", "switch"),
    leave: hook("before", "drain"),
    sorry: hook("after", "restore"),
    first: hook("before", "prepare"),
  } as never;

  // What stands right before and right after it, in a deployment to hosts that removes what ran before.
  it.each([
    ["before", "prepare", null, "prepare"],
    ["after", "prepare", "prepare", "start"],
    ["before", "start", "prepare", "start"],
    ["after", "start", "start", "wait-healthy"],
    ["before", "switch", "wait-healthy", "switch"],
    ["after", "switch", "switch", "verify"],
    ["before", "drain", "verify", "drain-old"],
    ["after", "drain", "drain-old", "retire-old"],
    ["before", "stop", "drain-old", "retire-old"],
    ["after", "stop", "retire-old", null],
  ] as const)("%s %s has its place", async (when, phase, earlier, later) => {
    const driver = driverWith({ hooks: { here: hook(when, phase) } as never });
    await deploy(v1, {}, driver);
    const { status, tenants: outcomes } = await deploy(v2, { strategy: removed }, driver);
    const names = outcomes[0]?.steps.map(({ name }) => name) ?? [];
    const at = names.indexOf("hook.here");
    expect([status, names[at - 1] ?? null, names[at + 1] ?? null]).toEqual(["deployed", earlier, later]);
  });

  it.each([
    ["before", "hook.here", "restore"],
    ["after", "restore", "hook.here"],
  ] as const)("%s restore has its place, too", async (when, first, second) => {
    const driver = driverWith({ hooks: { here: hook(when, "restore") } as never });
    await deploy(v1, {}, driver);
    target.before = (name) => {
      if (name === "verify") throw new Error("no");
    };
    const { tenants: outcomes } = await deploy(v2, { strategy: removed }, driver);
    const names = outcomes[0]?.steps.map(({ name }) => name) ?? [];
    expect(names.slice(names.indexOf(first)).slice(0, 2)).toEqual([first, second]);
  });

  it("run where they stand, on one host or on each", async () => {
    target = new MemoryTarget(["a", "b"]);
    const driver = driverWith({ hooks });
    const first = await deploy(v1, { tenants: ["acme"] }, driver);
    expect(first.tenants[0]?.steps.map(({ name }) => name)).toEqual([
      "prepare",
      "hook.migrate",
      "start",
      "wait-healthy",
      "hook.warm",
      "switch",
      "hook.tell",
      "verify",
    ]);
    expect(target.commands).toEqual([
      "a: ./hook after prepare",
      "a: ./hook before switch",
      "b: ./hook before switch",
      "a: ./hook after switch",
    ]);
    target.calls.length = 0;
    const second = await deploy(v2, { tenants: ["acme"], strategy: removed }, driver);
    expect(second.tenants[0]?.steps.map(({ name }) => name)).toEqual(
      [
        "hook.first",
        "prepare",
        "hook.migrate",
        "start",
        "wait-healthy",
        "hook.warm",
        "switch",
        "hook.tell",
        "verify",
      ].concat(["hook.leave", "drain-old", "retire-old"]),
    );
    // What comes before the new release is there, or concerns the old one, runs beside the old one.
    const beside = target.calls.filter((call) => call.startsWith("run") && call.endsWith("@a"));
    expect(beside.map((call) => call.split("/")[2])).toEqual([
      "blue@a",
      "green@a",
      "green@a",
      "green@a",
      "blue@a",
    ]);
  });

  it("that fail go back, and a failing one at going back does not keep it from that", async () => {
    const driver = driverWith({ hooks });
    await deploy(v1, { tenants: ["acme"] }, driver);
    target.before = (name, { colour }) => {
      if (
        name === "run" &&
        (colour === "green" || target.calls.some((call) => call.startsWith("route prod/acme/blue")))
      ) {
        throw new LotseError({ code: "target.hook", message: "no such table" });
      }
    };
    const outcome = await deploy(v2, { tenants: ["acme"] }, driver);
    expect(outcome.tenants[0]).toMatchObject({
      status: "rolled-back",
      code: "target.hook",
      reason: "no such table",
    });
    expect(outcome.tenants[0]?.steps.map(({ name, state }) => `${name} ${state}`).slice(-4)).toEqual([
      "restore done",
      "hook.sorry failed",
      "drain-new done",
      "discard done",
    ]);
  });

  it("are put into each batch of a rolling rollout where they are for each host", async () => {
    target = new MemoryTarget(["a", "b"]);
    const driver = driverWith({ hooks });
    await deploy(v1, { tenants: ["acme"] }, driver);
    target.commands.length = 0;
    await deploy(v2, { tenants: ["acme"], strategy: "rolling" }, driver);
    expect(target.commands).toEqual([
      "a: ./hook before prepare",
      "a: ./hook after prepare",
      "a: ./hook before switch",
      "b: ./hook before switch",
      "b: ./hook after switch",
      "a: ./hook before drain",
    ]);
  });
});
