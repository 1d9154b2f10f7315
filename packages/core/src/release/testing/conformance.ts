import assert from "node:assert/strict";
import type { Target } from "../target.ts";
import { allTo } from "../weights.ts";
import { commandCases } from "./conformance-commands.ts";
import { bringUp, rejects, slotsOf, takeDown, type ConformanceCase } from "./conformance-harness.ts";
import { trafficCases } from "./conformance-traffic.ts";

export type { Behaviour, ConformanceCase, ConformanceHarness } from "./conformance-harness.ts";

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
      await harness.target.route(scope, allTo("blue"));
      assert.equal(await harness.versionOf(scope), "1.0.0");
      await bringUp(harness, green, "2.0.0");
      assert.equal(await harness.versionOf(scope), "1.0.0");
      await harness.target.route(scope, allTo("green"));
      assert.equal(await harness.versionOf(scope), "2.0.0");
      const { active, colours: both } = await harness.target.inspect(scope);
      assert.equal(active, "green");
      assert.equal(both.length, 2 * harness.target.hosts.length);
      assert.deepEqual(
        [...new Set(both.map(({ colour, version, state }) => `${colour} ${version} ${state}`))],
        ["blue 1.0.0 running", "green 2.0.0 running"],
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
      await target.route(scope, allTo("blue"));
      await target.route(scope, allTo("blue"));
      await target.verify(blue);
      assert.equal(await harness.versionOf(scope), "1.0.0");
      await bringUp(harness, green, "2.0.0");
      await target.route(scope, allTo("green"));
      await target.route(scope, allTo("blue"));
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
      await target.route(scope, allTo("blue"));
      await rejects(target.prepare(blue, harness.payload("2.0.0", "good")), "target.refused");
      await rejects(target.drain(blue), "target.refused");
      await rejects(target.retire(blue), "target.refused");
      await rejects(target.start(green), "target.refused");
      await rejects(target.route(scope, allTo("green")), "target.refused");
      await target.prepare(green, harness.payload("2.0.0", "good"));
      await rejects(target.route(scope, allTo("green")), "target.refused");
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
      await target.route(scope, allTo("blue"));
      const release = await harness.hold(scope);
      await bringUp(harness, green, "2.0.0");
      await target.route(scope, allTo("green"));
      const { colours: both } = await target.inspect(scope);
      assert.equal(both.find(({ colour }) => colour === "blue")?.inFlight, 1);
      const controller = new AbortController();
      const stopped = target.drain(blue, { signal: controller.signal });
      controller.abort(new Error("stop"));
      await assert.rejects(stopped, /stop/u);
      const drained = target.drain(blue);
      release();
      assert.deepEqual(await drained, { remaining: 0 });
      await takeDown(harness, scope);
    },
  },
  {
    name: "stopping keeps what was there, and it can be started again",
    async run(harness) {
      const { scope, blue, green } = slotsOf(harness);
      const { target } = harness;
      await bringUp(harness, blue, "1.0.0");
      await target.route(scope, allTo("blue"));
      await rejects(target.stop(blue), "target.refused");
      await bringUp(harness, green, "2.0.0");
      await target.route(scope, allTo("green"));
      await target.stop(blue);
      await target.stop(blue);
      const states = async (): Promise<readonly string[]> =>
        (await target.inspect(scope)).colours
          .filter(({ colour }) => colour === "blue")
          .map(({ state }) => state);
      assert.deepEqual([...new Set(await states())], ["stopped"]);
      await rejects(target.route(scope, allTo("blue")), "target.refused");
      await target.start(blue);
      await target.waitHealthy(blue);
      assert.deepEqual([...new Set(await states())], ["running"]);
      await target.route(scope, allTo("blue"));
      assert.equal(await harness.versionOf(scope), "1.0.0");
      await takeDown(harness, scope);
    },
  },
  {
    name: "draining, stopping and retiring where there is nothing is no error",
    async run(harness) {
      const { blue } = slotsOf(harness);
      assert.deepEqual(await harness.target.drain(blue), { remaining: 0 });
      await harness.target.stop(blue);
      await harness.target.retire(blue);
    },
  },
  {
    name: "requests can be split, and neither colour can be taken away then",
    async run(harness) {
      const { scope, blue, green } = slotsOf(harness);
      const { target } = harness;
      await bringUp(harness, blue, "1.0.0");
      await target.route(scope, allTo("blue"));
      await target.prepare(green, harness.payload("2.0.0", "good"));
      await rejects(target.route(scope, { blue: 95, green: 5 }), "target.refused");
      await target.start(green);
      await target.waitHealthy(green);
      await target.route(scope, { blue: 95, green: 5 });
      const { active, traffic } = await target.inspect(scope);
      assert.equal(active, null);
      assert.deepEqual(Object.keys(traffic).sort(), [...target.hosts].sort());
      for (const host of target.hosts) assert.deepEqual(traffic[host], { blue: 95, green: 5 });
      for (const slot of [blue, green]) {
        await rejects(target.prepare(slot, harness.payload("2.0.0", "good")), "target.refused");
        await rejects(target.drain(slot), "target.refused");
        await rejects(target.stop(slot), "target.refused");
        await rejects(target.retire(slot), "target.refused");
      }
      await target.route(scope, allTo("blue"));
      assert.equal((await target.inspect(scope)).active, "blue");
      await target.retire(green);
      await takeDown(harness, scope);
    },
  },
  {
    name: "an effect with an older fence is refused and changes nothing",
    async run(harness) {
      const { scope, blue, green } = slotsOf(harness);
      let keys = 0;
      const fenced = (fence: number): Target => harness.target.fenced({ fence, key: `key ${(keys += 1)}` });
      await bringUp(harness, blue, "1.0.0");
      await bringUp(harness, green, "2.0.0");
      await fenced(5).route(scope, allTo("blue"));
      const old = fenced(4);
      await rejects(old.prepare(green, harness.payload("0.9.0", "good")), "rollout.fence");
      await rejects(old.start(green), "rollout.fence");
      await rejects(old.route(scope, allTo("green")), "rollout.fence");
      await rejects(old.route(scope, { blue: 50, green: 50 }), "rollout.fence");
      await rejects(old.run(blue, ["true"]), "rollout.fence");
      await rejects(old.stop(green), "rollout.fence");
      await rejects(old.retire(green), "rollout.fence");
      const { active, colours: both } = await old.inspect(scope);
      assert.equal(active, "blue");
      assert.deepEqual(
        [...new Set(both.map(({ colour, version, state }) => `${colour} ${version} ${state}`))],
        ["blue 1.0.0 running", "green 2.0.0 running"],
      );
      // The same fence, and a newer one, may go on.
      await fenced(5).route(scope, allTo("green"));
      await fenced(6).stop(blue);
      await takeDown(harness, scope);
    },
  },
  {
    name: "a step can be repeated with its key",
    async run(harness) {
      const { scope, blue } = slotsOf(harness);
      const keyed = (key: string): Target => harness.target.fenced({ fence: 1, key });
      for (let time = 0; time < 2; time += 1)
        await keyed("prepare").prepare(blue, harness.payload("1.0.0", "good"));
      for (let time = 0; time < 2; time += 1) await keyed("start").start(blue);
      await keyed("wait").waitHealthy(blue);
      for (let time = 0; time < 2; time += 1) await keyed("route").route(scope, allTo("blue"));
      assert.equal(await harness.versionOf(scope), "1.0.0");
      // A new key is a new effect: what is there is replaced.
      await keyed("out").route(scope, allTo(null));
      await keyed("prepare again").prepare(blue, harness.payload("2.0.0", "good"));
      const { colours: found } = await harness.target.inspect(scope);
      assert.deepEqual(
        [...new Set(found.map(({ version, state }) => `${version} ${state}`))],
        ["2.0.0 prepared"],
      );
      await takeDown(harness, scope);
    },
  },
  {
    name: "a step on named hosts leaves the others alone, and an unknown host is an error",
    async run(harness) {
      const { scope, blue } = slotsOf(harness);
      const { target } = harness;
      const payload = harness.payload("1.0.0", "good");
      await rejects(target.prepare(blue, payload, { hosts: ["no-such-host"] }), "target.host");
      const [first = "", ...others] = target.hosts;
      const on = { hosts: [first] };
      await target.prepare(blue, payload, on);
      await target.start(blue, on);
      await target.waitHealthy(blue, on);
      const { colours: found } = await target.inspect(scope);
      assert.deepEqual(
        found.map(({ host, state }) => [host, state]),
        [[first, "running"]],
      );
      await target.route(scope, allTo("blue"), on);
      const { traffic } = await target.inspect(scope);
      assert.deepEqual(traffic[first], allTo("blue"));
      for (const host of others) assert.deepEqual(traffic[host] ?? allTo(null), allTo(null));
      if (others.length > 0) await rejects(target.route(scope, allTo("blue")), "target.refused");
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
      const waiting = harness.target.waitHealthy(blue, { signal: controller.signal });
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
      await harness.target.route(scope, allTo("blue"));
      await rejects(harness.target.verify(blue), "target.verify");
      await takeDown(harness, scope);
    },
  },
  ...trafficCases,
  ...commandCases,
];
