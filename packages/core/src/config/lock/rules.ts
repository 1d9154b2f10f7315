import { LotseError } from "../../kernel/index.ts";
import { childOf, type Path } from "../model/path.ts";
import { isScalar, type Node } from "../model/node.ts";
import type { Policy } from "../schema/policy.ts";

/** A path that the schema locks; `*` stands for any key. */
export interface LockRule {
  readonly pattern: Path;
  /** What the schema says about one of the paths that the pattern stands for. */
  readonly policyAt: (path: Path) => Policy | undefined;
}

const maxDepth = 32;
/** Subschemas that are looked at; a small schema can describe a vast number of paths through `$ref`. */
const maxVisits = 20_000;

/**
 * Collects the locks of a schema.
 *
 * @throws LotseError `schema.unsupported` for a lock inside a list, whose items have no path that layers share
 */
export function collectLocks(root: Policy | undefined): readonly LockRule[] {
  if (root === undefined || !root.schemas.some(mentionsLock)) return [];
  const found: Found = { patterns: [], visits: 0 };
  collect(root, [], found, new Set());
  const policyAt = (path: Path): Policy | undefined =>
    path.reduce<Policy | undefined>((policy, key) => policy?.child(key), root);
  return found.patterns.map((pattern) => ({ pattern, policyAt }));
}

const lockKeywords: ReadonlySet<string> = new Set(["x-final", "x-overridable-by", "x-guard"]);

/** Whether a lock occurs anywhere in a schema; spares recursive schemas without any the walk. */
function mentionsLock(schema: unknown): boolean {
  if (typeof schema !== "object" || schema === null) return false;
  return Object.entries(schema).some(([key, value]) => lockKeywords.has(key) || mentionsLock(value));
}

interface Found {
  readonly patterns: Path[];
  visits: number;
}

function collect(policy: Policy, path: Path, found: Found, above: ReadonlySet<object>): void {
  found.visits += 1;
  if (found.visits > maxVisits) {
    throw new LotseError({
      code: "schema.unsupported",
      message: `the schema describes more than ${maxVisits.toLocaleString("en")} paths through its references`,
      hint: "break the chain of $ref that double each other",
      where: { path: path.join(".") },
    });
  }
  if (policy.locked) found.patterns.push(path);
  const own = policy.schemas[0];
  if (own === undefined || above.has(own) || path.length > maxDepth) return;
  const inside = new Set([...above, own]);
  for (const key of policy.keys) {
    const child = policy.child(key);
    if (child !== undefined) collect(child, [...path, key], found, inside);
  }
  if (policy.wildcard !== undefined) collect(policy.wildcard, [...path, "*"], found, inside);
  if (policy.items !== undefined) refuseLocks(policy.items, path, found, inside);
}

function refuseLocks(items: Policy, path: Path, found: Found, above: ReadonlySet<object>): void {
  if (items.items !== undefined && above.has(items.items.schemas[0] ?? {})) return;
  const inside: Found = { patterns: [], visits: found.visits };
  collect(items, path, inside, above);
  found.visits = inside.visits;
  if (inside.patterns.length === 0) return;
  throw new LotseError({
    code: "schema.unsupported",
    message: `the schema locks a path inside the list ${path.join(".")}`,
    hint: "lock the list as a whole",
    where: { path: path.join(".") },
  });
}

/** How the value at a path is looked up, through references on the way to it. */
export type ValueAt = (path: Path) => Node | undefined;

/** The paths of a configuration that a pattern stands for. */
export function expandPattern(root: Node, pattern: Path, valueAt: ValueAt): readonly Path[] {
  let paths: readonly (readonly [Path, Node | undefined])[] = [[[], root]];
  for (const segment of pattern) {
    paths = paths.flatMap(([path, written]) => {
      const node =
        written !== undefined && isScalar(written) && written.hasReferences ? valueAt(path) : written;
      if (segment !== "*")
        return [[[...path, segment], node === undefined ? undefined : childOf(node, segment)] as const];
      return node?.kind === "map"
        ? [...node.entries].map(([key, child]) => [[...path, key], child] as const)
        : [];
    });
  }
  return paths.map(([path]) => path);
}
