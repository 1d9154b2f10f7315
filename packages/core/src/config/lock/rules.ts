import { LotseError } from "../../kernel/index.ts";
import { childOf, type Path } from "../model/path.ts";
import type { Node } from "../model/node.ts";
import type { Policy } from "../schema/policy.ts";

/** A path that the schema locks; `*` stands for any key. */
export interface LockRule {
  readonly pattern: Path;
  readonly policy: Policy;
}

const maxDepth = 32;

/**
 * Collects the locks of a schema.
 *
 * @throws LotseError `schema.unsupported` for a lock inside a list, whose items have no path that layers share
 */
export function collectLocks(root: Policy | undefined): readonly LockRule[] {
  const rules: LockRule[] = [];
  if (root !== undefined) collect(root, [], rules, new Set());
  return rules;
}

function collect(policy: Policy, path: Path, rules: LockRule[], above: ReadonlySet<object>): void {
  if (policy.locked) rules.push({ pattern: path, policy });
  const own = policy.schemas[0];
  if (own === undefined || above.has(own) || path.length > maxDepth) return;
  const inside = new Set([...above, own]);
  for (const key of policy.keys) {
    const child = policy.child(key);
    if (child !== undefined) collect(child, [...path, key], rules, inside);
  }
  if (policy.wildcard !== undefined) collect(policy.wildcard, [...path, "*"], rules, inside);
  if (policy.items !== undefined) refuseLocks(policy.items, path, inside);
}

function refuseLocks(items: Policy, path: Path, above: ReadonlySet<object>): void {
  const rules: LockRule[] = [];
  if (items.items !== undefined && above.has(items.items.schemas[0] ?? {})) return;
  collect(items, path, rules, above);
  if (rules.length === 0) return;
  throw new LotseError({
    code: "schema.unsupported",
    message: `the schema locks a path inside the list ${path.join(".")}`,
    hint: "lock the list as a whole",
    where: { path: path.join(".") },
  });
}

/** The paths of a configuration that a pattern stands for. */
export function expandPattern(root: Node, pattern: Path): readonly Path[] {
  let paths: readonly (readonly [Path, Node | undefined])[] = [[[], root]];
  for (const segment of pattern) {
    paths = paths.flatMap(([path, node]) => {
      if (segment !== "*")
        return [[[...path, segment], node === undefined ? undefined : childOf(node, segment)] as const];
      return node?.kind === "map"
        ? [...node.entries].map(([key, child]) => [[...path, key], child] as const)
        : [];
    });
  }
  return paths.map(([path]) => path);
}
