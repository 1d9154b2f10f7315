import type { z } from "zod";
import {
  defaultLimits,
  formatPath,
  nodeAt,
  parseDocument,
  readText,
  toPlain,
  whereOf,
  type MapNode,
} from "../config/index.ts";
import { LotseError, type Where } from "../kernel/index.ts";
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
  const { root } = parseDocument(file, text, limits);
  const parsed = strategyFileSchema.safeParse(toPlain(root));
  if (parsed.success) return { name, ...parsed.data };
  const issue = deepest(parsed.error.issues);
  const path = issue.path.map(String);
  const unknown = issue.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  throw new LotseError({
    code: "rollout.strategy",
    message:
      unknown === undefined
        ? `${path.length === 0 ? "the file" : formatPath(path, root)}: ${issue.message}`
        : `the key "${unknown}" is not known here`,
    hint: "see docs/release.md for what a strategy file holds",
    where: placeIn(root, unknown === undefined ? path : [...path, unknown]),
  });
}

/** Of the issues of a union, the branch that fits best is the one whose issues lie deepest. */
function deepest(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue {
  const first = issues[0] as z.core.$ZodIssue;
  if (first.code !== "invalid_union" || first.errors.length === 0) return first;
  const branches = first.errors.filter((branch) => branch.length > 0).map((branch) => deepest(branch));
  if (branches.length === 0) return first;
  const best = branches.reduce((left, right) => (right.path.length > left.path.length ? right : left));
  return { ...best, path: [...first.path, ...best.path] };
}

function placeIn(root: MapNode, path: readonly string[]): Where {
  for (let length = path.length; length > 0; length--) {
    const node = nodeAt(root, path.slice(0, length));
    if (node !== undefined) return whereOf(node, formatPath(path, root));
  }
  return { ...whereOf(root), line: 1, column: 1 };
}
