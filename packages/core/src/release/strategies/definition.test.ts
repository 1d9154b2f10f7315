import { describe, expect, it } from "vitest";
import { oldOf, strategyDefinitionSchema } from "./definition.ts";
import { durationMs, durationSchema } from "./duration.ts";
import { builtInStrategies, builtInStrategy, strategyOf } from "./index.ts";
import { parseStrategy } from "./parse-strategy.ts";

describe("a stored strategy", () => {
  it("that is damaged is told as such", () => {
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
