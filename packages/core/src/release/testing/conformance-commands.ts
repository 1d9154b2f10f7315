import assert from "node:assert/strict";
import type { Payload, Target } from "../target.ts";
import { allTo } from "../weights.ts";
import { bringUp, rejects, slotsOf, takeDown, type ConformanceCase } from "./conformance-harness.ts";

const shell = (script: string): readonly string[] => ["sh", "-c", script];

/** Cases about commands, keys and hosts; for targets that really run something. */
export const commandCases: readonly ConformanceCase[] = [
  {
    name: "a command runs beside the release, with its variables and in its directory",
    async run(harness) {
      const { scope, blue } = slotsOf(harness);
      const { target } = harness;
      await bringUp(harness, blue, "1.0.0");
      const wrote = await target.run(blue, shell('echo "$LOTSE_TENANT $LOTSE_VERSION $LOTSE_COLOUR"'));
      assert.match(wrote, new RegExp(`${scope.tenant} 1\\.0\\.0 blue`, "u"));
      await target.run(blue, shell("echo once > ran-here"));
      assert.match(await target.run(blue, shell("cat ran-here")), /once/u);
      await takeDown(harness, scope);
    },
  },
  {
    name: "a command also runs in what is only prepared",
    async run(harness) {
      const { scope, blue } = slotsOf(harness);
      await harness.target.prepare(blue, harness.payload("1.0.0", "good"));
      assert.match(await harness.target.run(blue, shell("echo $LOTSE_VERSION")), /1\.0\.0/u);
      await takeDown(harness, scope);
    },
  },
  {
    name: "a command that fails, takes too long, or has no place, is an error",
    async run(harness) {
      const { scope, blue, green } = slotsOf(harness);
      const { target } = harness;
      await bringUp(harness, blue, "1.0.0");
      const said = await rejects(target.run(blue, shell("echo 'no such table' >&2; exit 3")), "target.hook");
      assert.match(said, /3[^]*no such table/u);
      await rejects(target.run(blue, ["/no/such/program"]), "target.hook");
      await rejects(target.run(blue, shell("sleep 60"), { timeoutMs: 200 }), "target.hook");
      await rejects(target.run(green, shell("true")), "target.refused");
      const controller = new AbortController();
      const waiting = target.run(blue, shell("sleep 60"), { signal: controller.signal });
      setTimeout(() => controller.abort(new Error("stop")), 100);
      await assert.rejects(waiting, /stop/u);
      await takeDown(harness, scope);
    },
  },
  {
    name: "a command with a key that has ended well is not run again, one that failed is",
    async run(harness) {
      const { scope, blue } = slotsOf(harness);
      const keyed = (key: string): Target => harness.target.fenced({ fence: 1, key });
      const on = { hosts: harness.target.hosts.slice(0, 1) };
      await bringUp(harness, blue, "1.0.0");
      const count = shell("echo x >> counted; wc -l < counted");
      assert.match(await keyed("a").run(blue, count, on), /\b1\b/u);
      assert.match(await keyed("a").run(blue, count, on), /\b1\b/u);
      assert.match(await keyed("b").run(blue, count, on), /\b2\b/u);
      const third = shell("echo x >> tried; test $(wc -l < tried) -ge 3");
      await rejects(keyed("c").run(blue, third, on), "target.hook");
      await rejects(keyed("c").run(blue, third, on), "target.hook");
      await keyed("c").run(blue, third, on);
      await takeDown(harness, scope);
    },
  },
  {
    name: "what was put in place with a key is not put there again",
    async run(harness) {
      const { scope, blue } = slotsOf(harness);
      const payload = harness.payload("1.0.0", "good");
      let times = 0;
      const counted: Payload = {
        ...payload,
        materialise: (directory) => {
          times += 1;
          return payload.materialise(directory);
        },
      };
      const keyed = (key: string): Target => harness.target.fenced({ fence: 1, key });
      await keyed("a").prepare(blue, counted);
      const once = times;
      assert.ok(once > 0);
      await keyed("a").prepare(blue, counted);
      assert.equal(times, once);
      await keyed("b").prepare(blue, counted);
      assert.ok(times > once);
      await takeDown(harness, scope);
    },
  },
  {
    name: "where one of several hosts fails, the rest go on, and the error names the one",
    async run(harness) {
      const cutOff = harness.running?.cutOff;
      const { target } = harness;
      const [lost = "", ...others] = target.hosts;
      if (cutOff === undefined || others.length === 0) return;
      const { scope, blue } = slotsOf(harness);
      await target.prepare(blue, harness.payload("1.0.0", "good"));
      const bringBack = await cutOff(lost);
      try {
        const said = await rejects(target.start(blue), "target.host");
        assert.ok(said.includes(lost), said);
        const { colours, unreachable } = await target.inspect(scope);
        assert.deepEqual(Object.keys(unreachable), [lost]);
        for (const host of others) {
          assert.equal(colours.find((found) => found.host === host)?.state, "running");
        }
        const known = colours.find((found) => found.host === lost)?.state ?? "unknown";
        assert.equal(known, "unknown");
        await rejects(target.waitHealthy(blue), "target.host", "target.unhealthy");
        await target.waitHealthy(blue, { hosts: others });
      } finally {
        await bringBack();
      }
      await target.start(blue);
      await target.waitHealthy(blue);
      await target.route(scope, allTo("blue"));
      await takeDown(harness, scope);
    },
  },
];
