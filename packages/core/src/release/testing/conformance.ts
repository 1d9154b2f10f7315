import assert from "node:assert/strict";
import { isLotseError, type ErrorCode } from "../../kernel/index.ts";
import { colours, type Slot, type TenantScope } from "../names.ts";
import type { Payload, Target } from "../target.ts";

/** How the release of a case behaves: `brief` is healthy for the start and no longer after the switch. */
export type Behaviour = "good" | "crash" | "never-healthy" | "brief";

/** What the suite needs to try a target. */
export interface ConformanceHarness {
  readonly target: Target;
  /** A tenant that no other case uses. */
  newScope(): TenantScope;
  payload(version: string, behaviour: Behaviour): Payload;
  /** The version that answers a new request, or null when none does. */
  versionOf(scope: TenantScope): Promise<string | null>;
  /** Opens a request that lasts; the returned function ends it. */
  hold(scope: TenantScope): Promise<() => void>;
}

/** One thing that every target must do. */
export interface ConformanceCase {
  readonly name: string;
  readonly run: (harness: ConformanceHarness) => Promise<void>;
}

async function rejects(promise: Promise<unknown>, ...codes: ErrorCode[]): Promise<string> {
  try {
    await promise;
  } catch (error) {
    assert.ok(isLotseError(error), String(error));
    assert.ok(codes.includes(error.code), `${error.code}: ${error.message}`);
    return error.message;
  }
  return assert.fail(`should have failed with ${codes.join(" or ")}`);
}

async function bringUp(harness: ConformanceHarness, slot: Slot, version: string): Promise<void> {
  await harness.target.prepare(slot, harness.payload(version, "good"));
  await harness.target.start(slot);
  await harness.target.waitHealthy(slot);
}

async function takeDown({ target }: ConformanceHarness, scope: TenantScope): Promise<void> {
  await target.switchTo(scope, null);
  for (const colour of colours) await target.retire({ ...scope, colour });
  const { active, colours: left } = await target.inspect(scope);
  assert.deepEqual([active, left.length], [null, 0]);
}

function slotsOf(harness: ConformanceHarness): { scope: TenantScope; blue: Slot; green: Slot } {
  const scope = harness.newScope();
  return { scope, blue: { ...scope, colour: "blue" }, green: { ...scope, colour: "green" } };
}

/**
 * What every implementation of `Target` must do; run each case in a test of its own. The cases of one
 * harness may run one after the other on the same target.
 */
export const conformanceCases: readonly ConformanceCase[] = [
  {
    name: "an unknown tenant runs nothing, and retiring it is no error",
    async run(harness) {
      const { scope, blue } = slotsOf(harness);
      const state = await harness.target.inspect(scope);
      assert.deepEqual([state.active, state.colours.length], [null, 0]);
      await harness.target.retire(blue);
      await harness.target.retire(blue);
    },
  },
  {
    name: "a new colour gets no traffic before the switch, and all of it after",
    async run(harness) {
      const { scope, blue, green } = slotsOf(harness);
      await bringUp(harness, blue, "1.0.0");
      assert.equal(await harness.versionOf(scope), null);
      await harness.target.switchTo(scope, "blue");
      assert.equal(await harness.versionOf(scope), "1.0.0");
      await bringUp(harness, green, "2.0.0");
      assert.equal(await harness.versionOf(scope), "1.0.0");
      await harness.target.switchTo(scope, "green");
      assert.equal(await harness.versionOf(scope), "2.0.0");
      const { active, colours: both } = await harness.target.inspect(scope);
      assert.equal(active, "green");
      assert.deepEqual(
        both.map(({ colour, version, state }) => [colour, version, state]),
        [
          ["blue", "1.0.0", "running"],
          ["green", "2.0.0", "running"],
        ],
      );
      await takeDown(harness, scope);
    },
  },
  {
    name: "every step can be repeated",
    async run(harness) {
      const { scope, blue, green } = slotsOf(harness);
      const { target } = harness;
      await target.prepare(blue, harness.payload("0.9.0", "good"));
      await target.prepare(blue, harness.payload("1.0.0", "good"));
      await target.start(blue);
      await target.start(blue);
      await target.waitHealthy(blue);
      await target.waitHealthy(blue);
      await target.switchTo(scope, "blue");
      await target.switchTo(scope, "blue");
      await target.verify(blue);
      assert.equal(await harness.versionOf(scope), "1.0.0");
      await bringUp(harness, green, "2.0.0");
      await target.switchTo(scope, "green");
      await target.switchTo(scope, "blue");
      assert.equal(await harness.versionOf(scope), "1.0.0");
      assert.equal((await target.drain(green)).remaining, 0);
      await target.retire(green);
      await target.retire(green);
      await takeDown(harness, scope);
    },
  },
  {
    name: "what has the traffic can be neither replaced, drained nor retired",
    async run(harness) {
      const { scope, blue, green } = slotsOf(harness);
      const { target } = harness;
      await bringUp(harness, blue, "1.0.0");
      await target.switchTo(scope, "blue");
      await rejects(target.prepare(blue, harness.payload("2.0.0", "good")), "target.refused");
      await rejects(target.drain(blue), "target.refused");
      await rejects(target.retire(blue), "target.refused");
      await rejects(target.start(green), "target.refused");
      await rejects(target.switchTo(scope, "green"), "target.refused");
      await target.prepare(green, harness.payload("2.0.0", "good"));
      await rejects(target.switchTo(scope, "green"), "target.refused");
      assert.equal(await harness.versionOf(scope), "1.0.0");
      await takeDown(harness, scope);
    },
  },
  {
    name: "draining waits for what is under way, and stops when it is told to",
    async run(harness) {
      const { scope, blue, green } = slotsOf(harness);
      const { target } = harness;
      await bringUp(harness, blue, "1.0.0");
      await target.switchTo(scope, "blue");
      const release = await harness.hold(scope);
      await bringUp(harness, green, "2.0.0");
      await target.switchTo(scope, "green");
      const { colours: both } = await target.inspect(scope);
      assert.equal(both.find(({ colour }) => colour === "blue")?.inFlight, 1);
      const controller = new AbortController();
      const stopped = target.drain(blue, controller.signal);
      controller.abort(new Error("stop"));
      await assert.rejects(stopped, /stop/u);
      const drained = target.drain(blue);
      release();
      assert.deepEqual(await drained, { remaining: 0 });
      await takeDown(harness, scope);
    },
  },
];

/** Further cases, for targets that really run something. */
export const runningCases: readonly ConformanceCase[] = [
  {
    name: "a release that ends at its start fails at once, with its last words",
    async run(harness) {
      const { scope, blue } = slotsOf(harness);
      await harness.target.prepare(blue, harness.payload("1.0.0", "crash"));
      const message = await rejects(
        (async () => {
          await harness.target.start(blue);
          await harness.target.waitHealthy(blue);
        })(),
        "target.start",
      );
      assert.match(message, /cannot find its database/u);
      await takeDown(harness, scope);
    },
  },
  {
    name: "a release that never becomes healthy fails when the time is over",
    async run(harness) {
      const { scope, blue } = slotsOf(harness);
      await harness.target.prepare(blue, harness.payload("1.0.0", "never-healthy"));
      await harness.target.start(blue);
      assert.match(await rejects(harness.target.waitHealthy(blue), "target.unhealthy"), /status 503/u);
      await takeDown(harness, scope);
    },
  },
  {
    name: "waiting for health stops when it is told to",
    async run(harness) {
      const { scope, blue } = slotsOf(harness);
      await harness.target.prepare(blue, harness.payload("1.0.0", "never-healthy"));
      await harness.target.start(blue);
      const controller = new AbortController();
      const waiting = harness.target.waitHealthy(blue, controller.signal);
      controller.abort(new Error("stop"));
      await assert.rejects(waiting, /stop/u);
      await takeDown(harness, scope);
    },
  },
  {
    name: "verifying finds a release that was healthy only before the switch",
    async run(harness) {
      const { scope, blue } = slotsOf(harness);
      await harness.target.prepare(blue, harness.payload("1.0.0", "brief"));
      await harness.target.start(blue);
      await harness.target.waitHealthy(blue);
      await harness.target.switchTo(scope, "blue");
      await rejects(harness.target.verify(blue), "target.verify");
      await takeDown(harness, scope);
    },
  },
];
