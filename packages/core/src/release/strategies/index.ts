import { LotseError } from "../../kernel/index.ts";
import { blueGreen } from "./blue-green.ts";
import type { Strategy } from "./strategy.ts";

/** Every strategy by the name that `deploy --strategy` takes. */
export const strategies: Readonly<Record<string, Strategy>> = { "blue-green": blueGreen };

/** What is used when none is named. */
export const defaultStrategy = "blue-green";

/**
 * Finds a strategy by its name.
 *
 * @throws LotseError `usage.unknown-strategy`, its hint naming those there are
 */
export function strategyOf(name: string): Strategy {
  const strategy = Object.hasOwn(strategies, name) ? strategies[name] : undefined;
  if (strategy !== undefined) return strategy;
  throw new LotseError({
    code: "usage.unknown-strategy",
    message: `there is no strategy ${JSON.stringify(name.slice(0, 80))}`,
    hint: `known: ${Object.keys(strategies).join(", ")}`,
  });
}
