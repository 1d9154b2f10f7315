import { describe, expect, it } from "vitest";
import { oldOf, strategyDefinitionSchema } from "./definition.ts";
import { durationMs, durationSchema } from "./duration.ts";
import { builtInStrategies, builtInStrategy, strategyOf } from "./index.ts";
import { parseStrategy, parseStrategyFile } from "./parse-strategy.ts";

const parse = (text: string) => parseStrategyFile("slow", "strategies/slow.yml", text);

describe("a strategy file", () => {
  it("is read with its defaults, and is the same when it comes out of a stored request", () => {
    const definition = parse(
      [
        "strategy: canary",
        "sticky: { header: x-tenant }",
        "steps: [{ weight: 5 }, { pause: 2m }, { gate: errors }, { approval: ops }]",
        "watch: { for: 5m, gates: [errors] }",
        "gates:",
        "  errors: { kind: requests, max-error-percent: 0.5 }",
        "  smoke: { kind: command, run: [./smoke] }",
      ].join("\n"),
    );
    expect(definition).toEqual({
      name: "slow",
      strategy: "canary",
      sticky: { header: "x-tenant" },
      steps: [{ weight: 5 }, { pause: "2m" }, { gate: "errors" }, { approval: "ops" }],
      batch: 1,
      "max-unavailable": 0,
      watch: { for: "5m", every: "10s", gates: ["errors"] },
      gates: {
        errors: { kind: "requests", "max-error-percent": 0.5, "min-requests": 20, for: "30s" },
        smoke: { kind: "command", run: ["./smoke"], on: "target", timeout: "60s" },
      },
    });
    expect(parseStrategy(JSON.parse(JSON.stringify(definition)))).toEqual(definition);
  });

  it.each<[string, number, RegExp]>([
    ["strategy: blue\n", 1, /strategy/u],
    ["strategy: canary\nsteps:\n  - weight: 5\n  - weight: 5\n", 4, /more than the weight before/u],
    ["strategy: canary\nsteps:\n  - weight: 101\n", 3, /weight/u],
    ["strategy: canary\nsteps:\n  - gate: errors\n", 3, /no gate errors/u],
    ["strategy: canary\nsteps:\n  - pause: 2 minutes\n", 3, /90s/u],
    ["strategy: canary\nsteps:\n  - pause: 31d\n", 3, /30d/u],
    ["strategy: rolling\nbatch: 0%\n", 2, /batch/u],
    ["strategy: rolling\nsteps:\n  - weight: 5\n", 3, /only a canary/u],
    ["strategy: rolling\nmax-unavailable: 1\nold: warm\n", 3, /cannot be warm/u],
    ["strategy: recreate\nold: warm\n", 2, /cannot be warm/u],
    ["strategy: blue-green\nwatch: { for: 1d, every: 1s }\n", 2, /too short/u],
    ["strategy: blue-green\nwatch: { for: 1d, every: 0s }\n", 2, /more than nothing/u],
    ["strategy: blue-green\nwatch: { for: 1m, gates: [x] }\n", 2, /no gate x/u],
    ["strategy: blue-green\nspeed: fast\n", 2, /"speed" is not known/u],
    ["strategy: blue-green\ngates:\n  a: { kind: guess }\n", 3, /kind/u],
    ["strategy: blue-green\ngates:\n  a: { kind: requests }\n", 3, /max-error-percent/u],
    ["strategy: blue-green\ngates:\n  a: { kind: http, url: example.org }\n", 3, /url/u],
  ])("%j is refused in line %i", (text, line, message) => {
    let thrown: unknown;
    try {
      parse(text);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({
      code: "rollout.strategy",
      message: expect.stringMatching(message) as string,
      where: { file: "strategies/slow.yml", line },
    });
  });

  it("that is no YAML is an error with its place", () => {
    expect(() => parse("strategy: [")).toThrow(expect.objectContaining({ code: "parse.syntax" }) as Error);
  });

  it("that was stored and is damaged is told as such", () => {
    expect(() => parseStrategy({ name: "x", strategy: "y" })).toThrow(
      expect.objectContaining({ code: "rollout.state" }) as Error,
    );
  });
});

describe("built-in strategies", () => {
  it.each(builtInStrategies)("%s is a strategy", (name) => {
    const definition = builtInStrategy(name);
    expect(strategyDefinitionSchema.parse(definition)).toEqual(definition);
    expect(definition).toMatchObject({ name, strategy: name });
  });

  it("keep the old release warm where two may run, and stopped where not", () => {
    expect(Object.fromEntries(builtInStrategies.map((name) => [name, oldOf(strategyOf(name))]))).toEqual({
      "blue-green": "warm",
      canary: "warm",
      rolling: "stopped",
      recreate: "stopped",
    });
  });

  it.each(["yolo", "constructor", ""])("%j is none, and those there are are named", (name) => {
    expect(builtInStrategy(name)).toBeUndefined();
    expect(() => strategyOf(name)).toThrow(
      expect.objectContaining({
        code: "usage.unknown-strategy",
        hint: "known: blue-green, canary, rolling, recreate",
      }) as Error,
    );
  });
});

describe("a duration", () => {
  it.each([
    ["0s", 0],
    ["250ms", 250],
    ["90s", 90_000],
    ["5m", 300_000],
    ["2h", 7_200_000],
    ["30d", 2_592_000_000],
  ])("%s is %i ms", (text, ms) => {
    expect(durationMs(durationSchema.parse(text))).toBe(ms);
  });
  it.each(["", "5", "5 m", "-5m", "1.5s", "31d", "5M", "99999999s"])("%j is none", (text) => {
    expect(durationSchema.safeParse(text).success).toBe(false);
  });
});
