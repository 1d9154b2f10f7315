import { defaultLimits, parseChecked, readText } from "../config/index.ts";
import {
  builtInStrategies,
  builtInStrategy,
  strategyFileSchema,
  unknownStrategy,
  type StrategyDefinition,
} from "../release/index.ts";
import type { Session } from "./session.ts";

/** Strategy files are written by hand: small. */
const limits = { ...defaultLimits, maxFileBytes: 256 * 1024 };

/**
 * Reads a strategy: `strategies/NAME.yml` of the workspace, or a built-in one.
 *
 * @throws LotseError `usage.unknown-strategy`; `rollout.strategy` and `parse.*` for a file that is not valid
 */
export function readStrategy(session: Session, name: string): StrategyDefinition {
  const { files } = session.engine;
  const named = files
    .list("strategies")
    .filter((file) => /^[A-Za-z0-9][A-Za-z0-9._-]*\.ya?ml$/u.test(file))
    .map((file) => [file.replace(/\.ya?ml$/u, ""), `strategies/${file}`] as const);
  const path = named.find(([known]) => known === name)?.[1];
  const text = path === undefined ? undefined : readText(path, files, limits);
  if (path !== undefined && text !== undefined) return parseStrategyFile(name, path, text);
  const found = builtInStrategy(name);
  if (found !== undefined) return found;
  throw unknownStrategy(name, [...new Set([...named.map(([known]) => known), ...builtInStrategies])].sort());
}

/**
 * Reads a strategy file.
 *
 * @param name - under which it is known
 * @param file - its path, for messages
 * @throws LotseError `rollout.strategy` with the place of what does not fit; `parse.*`
 */
export function parseStrategyFile(name: string, file: string, text: string): StrategyDefinition {
  const hint = "see docs/release.md for what a strategy file holds";
  const code = "rollout.strategy";
  return { name, ...parseChecked(text, { file, schema: strategyFileSchema, limits, code, hint }).value };
}
