import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Colour } from "../names.ts";
import type { TenantPlan } from "../plan.ts";
import { actSchema, type ActStep, type PlanStep } from "../step.ts";
import { memoryDeployments, memoryDriver, testRelease, testRequest } from "../testing/memory-driver.ts";
import { MemoryTarget } from "../testing/memory-target.ts";
import { runRollout } from "../testing/run-rollout.ts";
import type { RolloutDriver } from "../driver.ts";
import type { RolloutRequest } from "../request.ts";
import { strategyDefinitionSchema, type StrategyDefinition } from "./definition.ts";

const scope = { environment: "prod", tenant: "acme" };
const v1 = testRelease("1.0.0", ["acme"]);
const v2 = testRelease("2.0.0", ["acme"]);

const gates = { errors: { kind: "requests", "max-error-percent": 1 } };
const stage = fc.oneof(
  fc.constant({ pause: "1s" }),
  fc.constant({ gate: "errors" }),
  fc.constant({ approval: "ops" }),
);
const watch = fc.option(fc.constant({ for: "3s", every: "1s", gates: ["errors"] }), { nil: undefined });
const old = fc.constantFrom("stopped", "removed", undefined);
const weights = fc
  .uniqueArray(fc.integer({ min: 1, max: 100 }), { maxLength: 5 })
  .map((all) => all.sort((a, b) => a - b));

const canary = fc
  .record({ weights, between: fc.array(stage, { maxLength: 2 }), watch, old })
  .map((given) => ({
    strategy: "canary",
    steps: given.weights.flatMap((weight) => [{ weight }, ...given.between]),
    watch: given.watch,
    old: given.old,
  }));
const rolling = fc.record({
  strategy: fc.constant("rolling"),
  batch: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constantFrom("1%", "50%", "100%")),
  "max-unavailable": fc.integer({ min: 0, max: 3 }),
  steps: fc.array(stage, { maxLength: 2 }),
  watch,
  old,
});
const other = fc.record({
  strategy: fc.constantFrom("blue-green", "recreate"),
  steps: fc.array(stage, { maxLength: 2 }),
  watch,
  old,
});
const strategy = fc.oneof(canary, rolling, other).map((file) => {
  const present = Object.fromEntries(Object.entries(file).filter(([, value]) => value !== undefined));
  return strategyDefinitionSchema.parse({ name: "made", gates, ...present });
});
const hostNames = fc
  .integer({ min: 1, max: 5 })
  .map((count) => Array.from({ length: count }, (_, at) => `h${at + 1}`));

interface Stage {
  readonly target: MemoryTarget;
  readonly driver: RolloutDriver;
  readonly request: RolloutRequest;
}

/** A target that runs v1, and a request for v2. */
async function withV1(definition: StrategyDefinition, hosts: readonly string[]): Promise<Stage> {
  const target = new MemoryTarget(hosts);
  const deployments = memoryDeployments();
  const driver = memoryDriver({ target, deployments, releases: [v1, v2] });
  await runRollout(driver, testRequest({ release: v1, tenants: ["acme"] }));
  expect(target.versionOf(scope)).toBe("1.0.0");
  return { target, driver, request: testRequest({ release: v2, tenants: ["acme"], strategy: definition }) };
}

async function total(target: MemoryTarget, colour: Colour): Promise<number> {
  const { traffic } = await target.inspect(scope);
  return Object.values(traffic).reduce((sum, share) => sum + share[colour], 0);
}

/** Throws when a host sends requests to what does not run there. */
async function expectServed(target: MemoryTarget): Promise<void> {
  const { traffic, colours } = await target.inspect(scope);
  for (const [host, share] of Object.entries(traffic)) {
    for (const colour of ["blue", "green"] as const) {
      const running =
        colours.find((found) => found.host === host && found.colour === colour)?.state === "running";
      if (share[colour] > 0 && !running)
        throw new Error(`${host} sends requests to ${colour}, which does not run`);
    }
  }
}

async function act({ driver, request }: Stage, step: PlanStep, at: number): Promise<void> {
  if (step.kind !== "act") return;
  const signal = new AbortController().signal;
  await driver.act(request, step, { ...scope, rollout: request.id, fence: 1, key: `${at}`, signal });
}

async function planOf({ driver, request }: Stage): Promise<TenantPlan> {
  return driver.plan(request, scope, new AbortController().signal);
}

describe("every strategy", () => {
  it("only ever moves requests to the new release, and never to what does not run", async () => {
    await fc.assert(
      fc.asyncProperty(strategy, hostNames, async (definition, hosts) => {
        const stage = await withV1(definition, hosts);
        const { target } = stage;
        let share = 0;
        for (const [at, step] of (await planOf(stage)).steps.entries()) {
          await act(stage, step, at);
          await expectServed(target);
          const now = await total(target, "green");
          expect(now).toBeGreaterThanOrEqual(share);
          share = now;
        }
        expect(share).toBe(100 * hosts.length);
        expect(await total(target, "blue")).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  it("can be undone from anywhere: all requests on the stable release, the new one gone", async () => {
    await fc.assert(
      fc.asyncProperty(strategy, hostNames, fc.nat(), async (definition, hosts, cut) => {
        const stage = await withV1(definition, hosts);
        const { steps, undo } = await planOf(stage);
        // What becomes of the old release cannot be undone once it is removed; nobody asks for it then.
        const end = steps.findIndex((step) => step.kind === "act" && step.action === "retire");
        const count = cut % (1 + (end === -1 ? steps.length : end));
        for (const [at, step] of steps.slice(0, count).entries()) await act(stage, step, at);
        for (const [at, step] of undo.entries()) {
          await act(stage, step, 1000 + at);
          await expectServed(stage.target);
        }
        expect(stage.target.versionOf(scope)).toBe("1.0.0");
        const { colours, traffic } = await stage.target.inspect(scope);
        expect(colours.every(({ colour, state }) => colour === "blue" && state === "running")).toBe(true);
        expect(Object.values(traffic)).toEqual(hosts.map(() => ({ blue: 100, green: 0 })));
      }),
      { numRuns: 150 },
    );
  });

  it("has steps that can be repeated, each under a name of its own, and fits the schema", async () => {
    await fc.assert(
      fc.asyncProperty(strategy, hostNames, async (definition, hosts) => {
        const stage = await withV1(definition, hosts);
        const { steps, undo } = await planOf(stage);
        const names = steps.map(({ name }) => name);
        expect(new Set(names).size).toBe(names.length);
        for (const step of undo) expect(actSchema.parse(step)).toEqual(step);
        for (const [at, step] of steps.entries()) {
          await act(stage, step, at);
          await act(stage, step, at);
        }
        expect(stage.target.versionOf(scope)).toBe("2.0.0");
      }),
      { numRuns: 60 },
    );
  });

  it("undoes a first deployment to nothing", async () => {
    await fc.assert(
      fc.asyncProperty(strategy, hostNames, fc.nat(), async (definition, hosts, cut) => {
        const target = new MemoryTarget(hosts);
        const driver = memoryDriver({ target, deployments: memoryDeployments(), releases: [v2] });
        const request = testRequest({ release: v2, tenants: ["acme"], strategy: definition });
        const stage = { target, driver, request };
        const { steps, undo, from } = await planOf(stage);
        expect(from).toBeUndefined();
        for (const [at, step] of steps.slice(0, cut % (steps.length + 1)).entries())
          await act(stage, step, at);
        for (const [at, step] of undo.entries()) await act(stage, step, 1000 + at);
        const { colours, traffic } = await target.inspect(scope);
        expect(colours).toEqual([]);
        expect(Object.values(traffic).every(({ blue, green }) => blue + green === 0)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

describe("rolling", () => {
  it("never has more hosts out than it may", async () => {
    await fc.assert(
      fc.asyncProperty(rolling, hostNames, async (file, hosts) => {
        const present = Object.fromEntries(Object.entries(file).filter(([, value]) => value !== undefined));
        const definition = strategyDefinitionSchema.parse({ name: "made", gates, ...present });
        const stage = await withV1(definition, hosts);
        for (const [at, step] of (await planOf(stage)).steps.entries()) {
          await act(stage, step, at);
          const { traffic } = await stage.target.inspect(scope);
          const out = Object.values(traffic).filter(({ blue, green }) => blue + green === 0);
          expect(out.length).toBeLessThanOrEqual(definition["max-unavailable"]);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("takes hosts in batches, with what stands between them", async () => {
    const definition = strategyDefinitionSchema.parse({
      name: "r",
      strategy: "rolling",
      batch: "40%",
      steps: [{ pause: "5s" }],
    });
    const stage = await withV1(definition, ["a", "b", "c"]);
    const { steps } = await planOf(stage);
    expect(
      steps.map((step) => [step.name, step.kind === "act" ? step.input.hosts?.join(" ") : undefined]),
    ).toEqual([
      ["prepare.1", "a b"],
      ["start.1", "a b"],
      ["wait-healthy.1", "a b"],
      ["switch.1", "a b"],
      ["verify.1", "a b"],
      ["pause", undefined],
      ["prepare.2", "c"],
      ["start.2", "c"],
      ["wait-healthy.2", "c"],
      ["switch.2", "c"],
      ["verify.2", "c"],
      ["drain-old", undefined],
      ["stop-old", undefined],
    ]);
  });
});

const namesOf = (steps: readonly PlanStep[]): readonly string[] => steps.map(({ name }) => name);

describe("the steps of", () => {
  const table: [string, Record<string, unknown>, readonly string[]][] = [
    ["blue-green", { strategy: "blue-green" }, ["prepare", "start", "wait-healthy", "switch", "verify"]],
    [
      "a canary",
      {
        strategy: "canary",
        steps: [{ weight: 5 }, { pause: "1m" }, { gate: "errors" }, { approval: "ops" }, { weight: 50 }],
        gates,
      },
      [
        "prepare",
        "start",
        "wait-healthy",
        "weight.5",
        "pause",
        "gate.errors",
        "approval.ops",
        "weight.50",
        "switch",
        "verify",
      ],
    ],
    [
      "recreate",
      { strategy: "recreate", old: "removed" },
      ["prepare", "take-out", "drain", "stop", "start", "wait-healthy", "switch", "verify", "retire-old"],
    ],
    [
      "blue-green with a watch, and the old release removed",
      {
        strategy: "blue-green",
        watch: { for: "25s", every: "10s", gates: ["errors"] },
        gates,
        old: "removed",
      },
      [
        "prepare",
        "start",
        "wait-healthy",
        "switch",
        "verify",
        ...[1, 2, 3].flatMap((at) => [`watch.${at}`, `watch.verify.${at}`, `watch.gate.errors.${at}`]),
        "drain-old",
        "retire-old",
      ],
    ],
  ];
  it.each(table)("%s", async (_, file, names) => {
    const stage = await withV1(strategyDefinitionSchema.parse({ name: "t", ...file }), ["a", "b"]);
    const { steps, undo } = await planOf(stage);
    expect(namesOf(steps)).toEqual(names);
    expect(namesOf(undo)).toEqual(["restore", "drain-new", "discard"]);
    expect(undo.every((step) => step.input.previous === "blue" && step.input.colour === "green")).toBe(true);
    // Up to the last proof a failure goes back; what becomes of the old release undoes nothing.
    const proof = names.findLastIndex((name) => /verify|gate|watch/u.test(name));
    const acts = steps.flatMap((step, at) => (step.kind === "act" ? [[step, at] as [ActStep, number]] : []));
    expect(acts.every(([step, at]) => step.onFailure === (at <= proof ? "undo" : "continue"))).toBe(true);
    expect(acts.filter(([step]) => !step.abortable).map(([step]) => step.name)).toEqual(
      names.filter((name) => name === "stop-old" || name === "retire-old"),
    );
  });

  it("a watch last as long as it says", async () => {
    const definition = strategyDefinitionSchema.parse({
      name: "w",
      strategy: "blue-green",
      watch: { for: "25s", every: "10s" },
    });
    const { steps } = await planOf(await withV1(definition, ["a"]));
    const pauses = steps.flatMap((step) => (step.kind === "pause" ? [step.durationMs] : []));
    expect(pauses).toEqual([10_000, 10_000, 5000]);
  });

  it("a first canary: there is nothing to share the requests with", async () => {
    const target = new MemoryTarget();
    const driver = memoryDriver({ target, deployments: memoryDeployments(), releases: [v2] });
    const request = testRequest({
      release: v2,
      tenants: ["acme"],
      strategy: {
        strategy: "canary",
        gates,
        steps: [{ weight: 5 }, { pause: "1m" }, { gate: "errors" }, { weight: 50 }],
      },
    });
    const { steps } = await planOf({ target, driver, request });
    expect(namesOf(steps)).toEqual(["prepare", "start", "wait-healthy", "switch", "gate.errors", "verify"]);
  });
});
