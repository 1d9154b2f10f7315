import { diagnosticOf, LotseError } from "../../kernel/index.ts";
import {
  fingerprint,
  isScalar,
  listNode,
  whereOf,
  withoutMark,
  type ListNode,
  type MapNode,
  type Node,
} from "../model/node.ts";
import { formatPath } from "../model/path.ts";
import type { Policy } from "../schema/policy.ts";
import type { MergeContext } from "./context.ts";
import { settle } from "./settle.ts";

/** The strategies that combine two lists. */
export type ListStrategy = "append" | "prepend" | "union" | "byKey";

/** The key by which items are matched where the schema names none (`x-merge-key`). */
const defaultKey = "name";

/** What combining lists needs: the list's policy, and how two items with the same key become one. */
export interface ListMerge {
  readonly policy: Policy | undefined;
  readonly context: MergeContext;
  readonly mergeItems: (
    low: MapNode,
    high: MapNode,
    policy: Policy | undefined,
    context: MergeContext,
  ) => MapNode;
}

/** Combines two lists; see docs/configuration.md for what each strategy does. */
export function mergeLists(strategy: ListStrategy, low: ListNode, high: ListNode, how: ListMerge): ListNode {
  const items = strategy === "byKey" ? byKey(low, high, how) : byPosition(strategy, low, high, how.context);
  return listNode(items, high.source, high.offset);
}

function byPosition(
  strategy: "append" | "prepend" | "union",
  low: ListNode,
  high: ListNode,
  context: MergeContext,
): readonly Node[] {
  const deleted = new Set(high.items.filter((item) => item.mark === "delete").map(fingerprint));
  const kept = deleted.size === 0 ? low.items : low.items.filter((item) => !deleted.has(fingerprint(item)));
  const added = high.items
    .filter((item) => item.mark !== "delete")
    .map((item) => settle(item, context))
    .filter((item) => item !== undefined);
  switch (strategy) {
    case "append":
      return [...kept, ...added];
    case "prepend":
      return [...added, ...kept];
    case "union": {
      const known = new Set(kept.map(fingerprint));
      const fresh = added.filter((item) => known.size < known.add(fingerprint(item)).size);
      return [...kept, ...fresh];
    }
    default:
      return strategy satisfies never;
  }
}

function byKey(low: ListNode, high: ListNode, how: ListMerge): readonly Node[] {
  const { policy, context } = how;
  const key = mergeKeyOf(policy);
  const result = new Map<string, Node>();
  for (const item of low.items) result.set(keyOf(item, key, result, low, context), item);
  const seen = new Map<string, Node>();
  for (const item of high.items) {
    const name = keyOf(item, key, seen, high, context);
    seen.set(name, item);
    const below = result.get(name);
    if (item.mark === "delete") result.delete(name);
    else if (below?.kind === "map" && item.kind === "map" && item.mark !== "replace") {
      result.set(name, mergeItem(below, item, how, name));
    } else {
      const settled = settle(withoutMark(item), context);
      if (settled !== undefined) result.set(name, settled);
    }
  }
  return [...result.values()];
}

function mergeItem(below: MapNode, item: MapNode, how: ListMerge, name: string): Node {
  how.context.path.push(name);
  const merged = how.mergeItems(below, item, how.policy?.items, how.context);
  how.context.path.pop();
  return merged;
}

/** The key by which a list's items are matched: `x-merge-key`, or `name`. */
export function mergeKeyOf(policy: Policy | undefined): string {
  return policy?.mergeKey ?? defaultKey;
}

/** The text by which an item is matched; `!delete NAME` may name it without the map around. */
export function nameOf(item: Node, key: string): string | undefined {
  const value = item.kind === "map" ? item.entries.get(key) : item.mark === "delete" ? item : undefined;
  return value === undefined || !isScalar(value) ? undefined : String(value.value);
}

function keyOf(
  item: Node,
  key: string,
  seen: ReadonlyMap<string, Node>,
  list: ListNode,
  context: MergeContext,
): string {
  const name = nameOf(item, key);
  if (name === undefined) {
    reportKey(
      context,
      item,
      `an item of a list merged by "${key}" has no such key`,
      `add \`${key}: …\` to the item`,
    );
    return `\0${list.offset}:${item.offset}`;
  }
  const first = seen.get(name);
  if (first !== undefined) {
    reportKey(context, item, `two items of the list have the ${key} "${name}"`, "keep one of the two", first);
  }
  return name;
}

function reportKey(context: MergeContext, item: Node, message: string, hint: string, first?: Node): void {
  const path = formatPath(context.path);
  context.report(
    diagnosticOf(
      new LotseError({
        code: "merge.list-key",
        message: `${path}: ${message}`,
        hint,
        where: whereOf(item, path),
        related: first === undefined ? undefined : [whereOf(first, path)],
      }),
    ),
  );
}
