import { LotseError } from "../../kernel/index.ts";
import { blueGreen } from "./blue-green.ts";
import { canary } from "./canary.ts";
import { strategyDefinitionSchema, type StrategyDefinition } from "./definition.ts";
import { recreate } from "./recreate.ts";
import { rolling } from "./rolling.ts";
import type { Strategy } from "./strategy.ts";

/** Every strategy by the name that a strategy file takes. */
export const strategies: Readonly<Record<StrategyDefinition["strategy"], Strategy>> = {
  "blue-green": blueGreen,
  canary,
  rolling,
  recreate,
};

/** What is used when none is named. */
export const defaultStrategy = "blue-green";

/** What the built-in names stand for. */
const builtIn: Readonly<Record<string, unknown>> = {
  "blue-green": { strategy: "blue-green" },
  canary: {
    strategy: "canary",
    sticky: "session",
    steps: [
      { weight: 5 },
      { pause: "2m" },
      { gate: "errors" },
      { weight: 25 },
      { pause: "2m" },
      { gate: "errors" },
      { weight: 50 },
      { pause: "2m" },
      { gate: "errors" },
    ],
    gates: { errors: { kind: "requests", "max-error-percent": 1, "min-requests": 20, for: "30s" } },
  },
  rolling: { strategy: "rolling" },
  recreate: { strategy: "recreate" },
};

/** The names of the built-in strategies. */
export const builtInStrategies: readonly string[] = Object.keys(builtIn);

/** A built-in strategy, or undefined where there is none of that name. */
export function builtInStrategy(name: string): StrategyDefinition | undefined {
  if (!Object.hasOwn(builtIn, name)) return undefined;
  return strategyDefinitionSchema.parse({ name, ...(builtIn[name] as object) });
}

/**
 * Finds a built-in strategy by its name.
 *
 * @throws LotseError `usage.unknown-strategy`, its hint naming those there are
 */
export function strategyOf(name: string): StrategyDefinition {
  const found = builtInStrategy(name);
  if (found !== undefined) return found;
  throw unknownStrategy(name, builtInStrategies);
}

/** The error for a name that no strategy has. */
export function unknownStrategy(name: string, known: readonly string[]): LotseError {
  return new LotseError({
    code: "usage.unknown-strategy",
    message: `there is no strategy ${JSON.stringify(name.slice(0, 80))}`,
    hint: `known: ${known.join(", ")}`,
  });
}
