import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LotseError, type Clock, type Exec } from "../../kernel/index.ts";
import type { GateContext, Verdict } from "../gate.ts";
import { testPayload, testRelease } from "../testing/memory-driver.ts";
import { MemoryTarget } from "../testing/memory-target.ts";
import type { ColourState, Target, TargetState } from "../target.ts";
import { openGate } from "./open-gate.ts";
import { gateSpecSchema } from "./spec.ts";

const scope = { environment: "prod", tenant: "acme" };
const release = testRelease("2.0.0", ["acme"]);

const clockWith = (onSleep: (ms: number) => void): Clock => ({
  now: () => new Date(0),
  elapsedMs: () => 0,
  sleep: (ms, signal) => {
    signal?.throwIfAborted();
    onSleep(ms);
    return Promise.resolve();
  },
});

function contextOf(target: Target, signal?: AbortSignal): GateContext {
  const { id, version } = release;
  return { ...scope, release: id, version, colour: "green", weights: { blue: 95, green: 5 }, target, signal };
}

interface Counters {
  readonly requests: number;
  readonly errors?: number;
  readonly inFlight?: number;
}

const refuseExec: Exec = () => Promise.reject(new Error("nothing is run"));

/** A target of two hosts whose second one has no traffic, and whose counters change while somebody sleeps. */
async function judgeRequests(
  before: Counters,
  after: Counters,
  change: Partial<TargetState> = {},
): Promise<Verdict> {
  const memory = new MemoryTarget(["a", "b"]);
  await memory.prepare({ ...scope, colour: "green" }, testPayload(release));
  await memory.start({ ...scope, colour: "green" });
  let now: Counters = before;
  let more: Partial<TargetState> = {};
  const target = Object.assign(Object.create(memory) as Target, {
    inspect: async (): Promise<TargetState> => {
      const state = await memory.inspect(scope);
      const counted = (colour: ColourState): ColourState =>
        colour.host === "a" ? { ...colour, errors: 0, inFlight: 0, ...now } : colour;
      return { ...state, colours: state.colours.map(counted), ...more };
    },
  });
  const spec = gateSpecSchema.parse({
    kind: "requests",
    "max-error-percent": 2,
    "min-requests": 50,
    for: "30s",
  });
  const slept: number[] = [];
  const clock = clockWith((ms) => {
    slept.push(ms);
    now = after;
    more = change;
  });
  const verdict = await openGate(spec, { clock, exec: refuseExec, directory: "/" }).judge(contextOf(target));
  expect(new Set(slept)).toEqual(new Set([30_000]));
  return verdict;
}

/** What the gate says when the counters are those of a list, look by look. */
async function judgeLooks(looks: readonly (Counters & { readonly countedBy: string })[]): Promise<Verdict> {
  const memory = new MemoryTarget(["a"]);
  await memory.prepare({ ...scope, colour: "green" }, testPayload(release));
  let look = 0;
  const target = Object.assign(Object.create(memory) as Target, {
    inspect: async (): Promise<TargetState> => {
      const state = await memory.inspect(scope);
      const now = looks[Math.min(look, looks.length - 1)];
      look += 1;
      return {
        ...state,
        colours: state.colours.map((colour) => ({ ...colour, errors: 0, inFlight: 0, ...now })),
      };
    },
  });
  const spec = gateSpecSchema.parse({
    kind: "requests",
    "max-error-percent": 2,
    "min-requests": 50,
    for: "30s",
  });
  const clock = clockWith(() => undefined);
  return openGate(spec, { clock, exec: refuseExec, directory: "/" }).judge(contextOf(target));
}

describe("counters of a balancer that is reloaded in the middle", () => {
  // Before the reload 40 of 60 went wrong, which the new process does not know.
  const before = { requests: 5, errors: 0, countedBy: "1" };
  const after = { requests: 100, errors: 0, countedBy: "2" };

  it("are no proof by themselves: what the new ones say of a whole while counts", async () => {
    const bad = await judgeLooks([before, after, { requests: 200, errors: 60, countedBy: "2" }]);
    expect(bad).toMatchObject({ verdict: "fail", reason: expect.stringContaining("60 of 100") as string });
    const good = await judgeLooks([before, after, { requests: 200, errors: 0, countedBy: "2" }]);
    expect(good).toMatchObject({ verdict: "pass", reason: expect.stringContaining("0 of 100") as string });
  });

  it("are no data where that goes on and on", async () => {
    const looks = ["1", "2", "3", "4"].map((countedBy, at) => ({ requests: 100 * at, errors: 0, countedBy }));
    expect(await judgeLooks(looks)).toMatchObject({ verdict: "no-data" });
  });
});

describe("the gate that counts requests", () => {
  it.each<[string, Counters, Counters, Verdict["verdict"], RegExp]>([
    [
      "few errors",
      { requests: 10 },
      { requests: 110, errors: 2 },
      "pass",
      /^2 of 100 requests in 30s went wrong/u,
    ],
    ["too many", { requests: 10 }, { requests: 110, errors: 3 }, "fail", /at most 2 % may/u],
    [
      "errors of before do not count",
      { requests: 99, errors: 99 },
      { requests: 199, errors: 99 },
      "pass",
      /^0 of 100/u,
    ],
    ["too few requests", { requests: 0 }, { requests: 49 }, "no-data", /50 are needed/u],
    ["no requests", { requests: 7 }, { requests: 7 }, "no-data", /^0 of 0/u],
    [
      "what is under way is no success",
      { requests: 0 },
      { requests: 60, inFlight: 20 },
      "no-data",
      /^0 of 40/u,
    ],
    ["counters that began anew", { requests: 500 }, { requests: 100 }, "no-data", /0 of 0 requests/u],
  ])("%s", async (_, before, after, verdict, reason) => {
    const judged = await judgeRequests(before, after);
    expect(judged).toEqual({ verdict, reason: expect.stringMatching(reason) as string });
  });

  it("has no data where a host does not answer, or the release is gone", async () => {
    const lost = { unreachable: { b: "no route" } };
    expect(await judgeRequests({ requests: 0 }, { requests: 100 }, lost)).toMatchObject({
      verdict: "no-data",
    });
    expect(await judgeRequests({ requests: 0 }, { requests: 100 }, { colours: [] })).toMatchObject({
      verdict: "no-data",
    });
  });

  it("stops when it is told to", async () => {
    const spec = gateSpecSchema.parse({ kind: "requests", "max-error-percent": 2 });
    const gate = openGate(spec, { clock: clockWith(() => {}), exec: refuseExec, directory: "/" });
    const target = new MemoryTarget();
    await target.prepare({ ...scope, colour: "green" }, testPayload(release));
    await expect(gate.judge(contextOf(target, AbortSignal.abort(new Error("stop"))))).rejects.toThrow("stop");
  });
});

describe("the gate that runs a command", () => {
  const parts = { clock: clockWith(() => {}), directory: "/workspace" };

  it("asks beside the new release", async () => {
    const target = new MemoryTarget(["a", "b"]);
    await target.prepare({ ...scope, colour: "green" }, testPayload(release));
    const spec = gateSpecSchema.parse({ kind: "command", run: ["./smoke", "fast"], timeout: "9s" });
    const gate = openGate(spec, { ...parts, exec: refuseExec });
    expect(await gate.judge(contextOf(target))).toMatchObject({ verdict: "pass" });
    expect(target.commands).toEqual(["a: ./smoke fast"]);
    target.before = () => {
      throw new LotseError({ code: "target.hook", message: "exit status 1" });
    };
    expect(await gate.judge(contextOf(target))).toEqual({ verdict: "fail", reason: "exit status 1" });
    target.before = () => {
      throw new LotseError({ code: "target.host", message: "no route" });
    };
    await expect(gate.judge(contextOf(target))).rejects.toMatchObject({ code: "target.host" });
  });

  it("asks here, telling what it is about", async () => {
    const asked: unknown[] = [];
    const exec =
      (status: number): Exec =>
      (program, args, options) => {
        asked.push([program, args, options?.cwd, options?.env?.["LOTSE_VERSION"], options?.timeoutMs]);
        return Promise.resolve({ status, stdout: "3 of 4 checks", stderr: "" });
      };
    const spec = gateSpecSchema.parse({ kind: "command", run: ["smoke", "-v"], on: "here", timeout: "9s" });
    const judge = (status: number): Promise<Verdict> =>
      openGate(spec, { ...parts, exec: exec(status) }).judge(contextOf(new MemoryTarget()));
    expect(await judge(0)).toMatchObject({ verdict: "pass" });
    expect(await judge(2)).toEqual({
      verdict: "fail",
      reason: "smoke ended with exit status 2: 3 of 4 checks",
    });
    expect(asked[0]).toEqual(["smoke", ["-v"], "/workspace", "2.0.0", 9000]);
  });
});

describe("the gate that asks a URL", () => {
  let server: Server;
  let base: string;
  beforeAll(async () => {
    server = createServer((request, response) => {
      if (request.url === "/hang") return;
      response.writeHead(Number(request.url?.slice(1))).end("all is well");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  const judge = (spec: Readonly<Record<string, unknown>>, url: string | null = null): Promise<Verdict> => {
    const memory = new MemoryTarget();
    const inspect = async (): Promise<TargetState> => ({ ...(await memory.inspect(scope)), url });
    const target = Object.assign(Object.create(memory) as Target, { inspect });
    const parsed = gateSpecSchema.parse({ kind: "http", timeout: "5s", ...spec });
    const parts = { clock: clockWith(() => {}), exec: refuseExec, directory: "/" };
    return openGate(parsed, parts).judge(contextOf(target));
  };

  it("wants an answer of 2xx, with a text where one is named", async () => {
    expect(await judge({ url: `${base}/200` })).toMatchObject({ verdict: "pass" });
    expect(await judge({ url: `${base}/200`, match: "well" })).toMatchObject({ verdict: "pass" });
    expect(await judge({ url: `${base}/200`, match: "ill" })).toMatchObject({ verdict: "fail" });
    expect(await judge({ url: `${base}/503` })).toMatchObject({
      verdict: "fail",
      reason: `${base}/503 answered 503`,
    });
    expect(await judge({ url: "/200" }, base)).toMatchObject({ verdict: "pass" });
  });

  it("has no data where nobody answers", async () => {
    expect(await judge({ url: `${base}/hang`, timeout: "50ms" })).toEqual({
      verdict: "no-data",
      reason: `${base}/hang did not answer: nothing within 50ms`,
    });
    expect(await judge({ url: "http://127.0.0.1:1/" })).toMatchObject({ verdict: "no-data" });
    expect(await judge({ url: "/200" }, null)).toMatchObject({ verdict: "no-data" });
  });
});
