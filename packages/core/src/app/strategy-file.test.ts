import { describe, expect, it } from "vitest";
import { parseStrategy } from "../release/index.ts";
import { parseStrategyFile } from "./strategy-file.ts";

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
});
