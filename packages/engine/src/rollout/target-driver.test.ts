import type { Payload, Plan, Target } from "@lotse/core/release";
import { LotseError } from "@lotse/core/kernel";
import { describe, expect, it } from "vitest";
import { MemoryTarget } from "../../../core/src/release/testing/memory-target.ts";
import { parsePlan, type ActStep } from "./plan.ts";
import { enginePlanOf, targetDriver, type FencedTarget } from "./target-driver.ts";

const scope = { environment: "production", tenant: "acme" };
const plan: Plan = {
  id: "r1",
  environment: "production",
  release: { id: "b".repeat(64), version: "v2.0.0" },
  strategy: "blue-green",
  tenants: [
    {
      tenant: "acme",
      from: { release: "a".repeat(64), version: "v1.0.0", colour: "blue" },
      to: { release: "b".repeat(64), version: "v2.0.0", colour: "green" },
      steps: [
        { name: "prepare", colour: "green" },
        { name: "start", colour: "green" },
        { name: "wait-healthy", colour: "green" },
        { name: "switch", colour: "green" },
        { name: "verify", colour: "green" },
        { name: "drain", colour: "blue" },
        { name: "retire", colour: "blue" },
      ],
    },
  ],
};

const payload = (release: string): Payload => ({
  release,
  version: release.startsWith("a") ? "v1.0.0" : "v2.0.0",
  spec: {},
  materialise: () => Promise.reject(new Error("nothing to write")),
});

function driverOf(target: Target): ReturnType<typeof targetDriver> {
  return targetDriver({
    targetFor: () => Promise.resolve(target),
    payloadFor: (_, release) => Promise.resolve(payload(release)),
  });
}

const effect = (key: string, fence = 1) => ({
  rollout: "r1",
  ...scope,
  fence,
  key,
  signal: new AbortController().signal,
});

async function runningV1(): Promise<MemoryTarget> {
  const target = new MemoryTarget();
  await target.prepare({ ...scope, colour: "blue" }, payload("a".repeat(64)));
  await target.start({ ...scope, colour: "blue" });
  await target.switchTo(scope, "blue");
  return target;
}

function stepsOf(kind: "steps" | "undo"): readonly ActStep[] {
  return parsePlan(enginePlanOf(plan)).tenants.flatMap((tenant) => tenant[kind]) as ActStep[];
}

describe("the driver of targets", () => {
  it("turns a planned rollout into steps that undo until the release has proved itself", () => {
    expect(stepsOf("steps").map(({ name, onFailure, abortable }) => [name, onFailure, abortable])).toEqual([
      ["prepare", "undo", true],
      ["start", "undo", true],
      ["wait-healthy", "undo", true],
      ["switch", "undo", true],
      ["verify", "undo", true],
      ["drain", "continue", true],
      ["retire", "continue", false],
    ]);
  });

  it("carries the steps out on the target", async () => {
    const target = await runningV1();
    const driver = driverOf(target);
    for (const step of stepsOf("steps")) await driver.act(step, effect(step.name));
    expect(target.versionOf(scope)).toBe("v2.0.0");
    expect((await target.inspect(scope)).colours.map(({ colour }) => colour)).toEqual(["green"]);
  });

  it.each([0, 1, 2, 3, 4, 5, 6])("undoes a rollout that broke off after %i steps", async (count) => {
    const target = await runningV1();
    const driver = driverOf(target);
    const steps = stepsOf("steps").slice(0, count);
    for (const step of steps) await driver.act(step, effect(step.name));
    for (const step of stepsOf("undo")) await driver.act(step, effect(step.name));
    expect(target.versionOf(scope)).toBe("v1.0.0");
    expect((await target.inspect(scope)).colours.map(({ colour }) => colour)).toEqual(["blue"]);
  });

  it("hands fence and key to targets that keep out those who were taken for dead", async () => {
    const target = await runningV1();
    const seen: string[] = [];
    const fenced = Object.assign(target, {
      fenced: ({ fence, key }: { fence: number; key: string }): Target => {
        if (fence < 5) throw new LotseError({ code: "rollout.fence", message: "too old" });
        seen.push(key);
        return target;
      },
    }) satisfies FencedTarget;
    const [step] = stepsOf("steps");
    if (step === undefined) throw new Error("no step");
    await expect(driverOf(fenced).act(step, effect("k", 4))).rejects.toMatchObject({ code: "rollout.fence" });
    await driverOf(fenced).act(step, effect("k", 5));
    expect(seen).toEqual(["k"]);
  });

  it("does not guess what a step means that it does not know", async () => {
    const [step] = stepsOf("steps");
    if (step === undefined) throw new Error("no step");
    await expect(
      driverOf(new MemoryTarget()).act({ ...step, name: "weigh" }, effect("k")),
    ).rejects.toMatchObject({ code: "internal.bug" });
  });
});
