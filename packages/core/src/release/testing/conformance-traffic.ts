import assert from "node:assert/strict";
import type { TenantScope } from "../names.ts";
import type { Sticky, Weights } from "../step.ts";
import { allTo } from "../weights.ts";
import {
  bringUp,
  slotsOf,
  takeDown,
  type ConformanceCase,
  type ConformanceHarness,
  type RunningHarness,
} from "./conformance-harness.ts";

function running(harness: ConformanceHarness): RunningHarness {
  return harness.running ?? assert.fail("the harness cannot send requests");
}

/** Brings up 1.0.0 in blue and 2.0.0 in green, and shares the requests out between them. */
async function split(
  harness: ConformanceHarness,
  weights: Weights,
  sticky: Sticky = "none",
): Promise<TenantScope> {
  const { scope, blue, green } = slotsOf(harness);
  await bringUp(harness, blue, "1.0.0");
  await bringUp(harness, green, "2.0.0");
  await harness.target.route(scope, weights, { sticky });
  return scope;
}

/** How many of so many requests got 2.0.0, in percent. */
async function shareOf(harness: ConformanceHarness, scope: TenantScope, requests = 200): Promise<number> {
  let green = 0;
  for (let at = 0; at < requests; at += 1) {
    const { status, version } = await running(harness).request(scope);
    assert.equal(status, 200);
    if (version === "2.0.0") green += 1;
  }
  return (green * 100) / requests;
}

function assertShare(harness: ConformanceHarness, share: number, percent: number): void {
  const { tolerancePercent } = running(harness);
  assert.ok(Math.abs(share - percent) <= tolerancePercent, `${share} % instead of ${percent} %`);
}

async function inPart(
  harness: ConformanceHarness,
  scope: TenantScope,
  headers: Readonly<Record<string, string>>,
): Promise<{ readonly version: string | null; readonly cookie: string }> {
  return running(harness).request(scope, headers);
}

/** Cases about who gets which requests; for targets that really run something. */
export const trafficCases: readonly ConformanceCase[] = [
  {
    name: "requests are shared out by the weights",
    async run(harness) {
      const scope = await split(harness, { blue: 95, green: 5 });
      assertShare(harness, await shareOf(harness, scope), 5);
      await harness.target.route(scope, { blue: 40, green: 60 });
      assertShare(harness, await shareOf(harness, scope), 60);
      await harness.target.route(scope, allTo("green"));
      assert.equal(await shareOf(harness, scope, 50), 100);
      await takeDown(harness, scope);
    },
  },
  {
    name: "a client with a session keeps its release, and raising the weight takes nobody back",
    async run(harness) {
      const scope = await split(harness, { blue: 50, green: 50 }, "session");
      const clients: { cookie: string; version: string | null }[] = [];
      for (let at = 0; at < 40; at += 1) clients.push(await inPart(harness, scope, {}));
      assert.deepEqual([...new Set(clients.map(({ version }) => String(version)))].sort(), [
        "1.0.0",
        "2.0.0",
      ]);
      for (const { cookie, version } of clients) {
        assert.notEqual(cookie, "");
        for (let time = 0; time < 3; time += 1) {
          assert.equal((await inPart(harness, scope, { cookie })).version, version);
        }
      }
      await harness.target.route(scope, { blue: 20, green: 80 }, { sticky: "session" });
      for (const { cookie, version } of clients.filter((client) => client.version === "2.0.0")) {
        assert.equal((await inPart(harness, scope, { cookie })).version, version);
      }
      await takeDown(harness, scope);
    },
  },
  {
    name: "requests with the same value of a header field stay together",
    async run(harness) {
      const scope = await split(harness, { blue: 50, green: 50 }, { header: "x-customer" });
      const seen = new Set<string | null>();
      for (let customer = 0; customer < 30; customer += 1) {
        const headers = { "x-customer": `customer-${customer}` };
        const { version } = await inPart(harness, scope, headers);
        seen.add(version);
        for (let time = 0; time < 3; time += 1) {
          assert.equal((await inPart(harness, scope, headers)).version, version);
        }
      }
      assert.deepEqual([...seen].map(String).sort(), ["1.0.0", "2.0.0"]);
      await takeDown(harness, scope);
    },
  },
  {
    name: "requests and errors are counted for each colour, and an answer of 5xx is an error",
    async run(harness) {
      const { scope, blue, green } = slotsOf(harness);
      const { target } = harness;
      const asked = running(harness);
      await bringUp(harness, blue, "1.0.0");
      await target.route(scope, allTo("blue"));
      for (let at = 0; at < 5; at += 1) await asked.request(scope);
      await bringUp(harness, green, "2.0.0");
      await target.route(scope, allTo("green"));
      for (let at = 0; at < 7; at += 1) await asked.request(scope);
      for (let at = 0; at < 3; at += 1) await asked.fail(scope);
      const { colours } = await target.inspect(scope);
      const count = (colour: string, what: "requests" | "errors"): number =>
        colours.filter((found) => found.colour === colour).reduce((sum, found) => sum + found[what], 0);
      assert.deepEqual([count("blue", "requests"), count("blue", "errors")], [5, 0]);
      assert.deepEqual([count("green", "requests"), count("green", "errors")], [10, 3]);
      await takeDown(harness, scope);
    },
  },
];
