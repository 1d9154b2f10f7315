import { LotseError, type ErrorCode } from "../../kernel/index.ts";
import { diagnosticOf } from "../../kernel/index.ts";
import {
  mapNode,
  sameValue,
  whereOf,
  withoutMark,
  type ListNode,
  type MapNode,
  type Node,
} from "../model/node.ts";
import { formatPath } from "../model/path.ts";
import type { Policy } from "../schema/policy.ts";
import type { MergeContext } from "./context.ts";
import { describeKind, isUnbound, sameKind } from "./kind.ts";
import { mergeLists } from "./list.ts";
import { settle } from "./settle.ts";

/**
 * Merges a higher layer over a lower one. Neither is changed; what the higher layer does not touch is shared
 * with the lower. Tags are obeyed and do not reach the result.
 *
 * Maps merge deeply, lists are replaced, of two single values the higher wins, unless the schema
 * (`x-merge`) or a tag in the higher layer says otherwise.
 */
export function mergeMaps(
  low: MapNode,
  high: MapNode,
  policy: Policy | undefined,
  context: MergeContext,
): MapNode {
  if (high.entries.size === 0) return low;
  const entries = new Map<string, Node>();
  for (const [key, below] of low.entries) {
    const node = high.entries.get(key);
    if (node === undefined) {
      entries.set(key, below);
      continue;
    }
    context.path.push(key);
    const merged = mergeNodes(below, node, policy?.child(key), context);
    context.path.pop();
    if (merged !== undefined) entries.set(key, merged);
  }
  for (const [key, node] of high.entries) {
    if (low.entries.has(key)) continue;
    context.path.push(key);
    const settled = settle(node, context);
    context.path.pop();
    if (settled !== undefined) entries.set(key, settled);
  }
  return mapNode(entries, high.source, high.offset);
}

/**
 * Merges one value over another.
 *
 * @returns `undefined` where the higher one deletes the lower
 */
function mergeNodes(
  low: Node,
  high: Node,
  policy: Policy | undefined,
  context: MergeContext,
): Node | undefined {
  if (high.mark === "delete") return undefined;
  if (high.mark === "replace") return settle(withoutMark(high), context);
  if (high.mark === undefined && policy?.strategy === "first") return low;
  if (high.mark === undefined && policy?.strategy === "error") {
    if (!sameValue(low, high)) report(context, "merge.redefined", "may be set by one layer only", low, high);
    return settle(high, context);
  }
  if (!sameKind(low, high)) {
    const [was, is] = [describeKind(low), describeKind(high)];
    report(context, "merge.kind-change", `changes from ${was} to ${is}`, low, high);
    return settle(withoutMark(high), context);
  }
  if (low.kind === "map" && high.kind === "map") return mergeTwoMaps(low, high, policy, context);
  if (low.kind === "list" && high.kind === "list") return mergeTwoLists(low, high, policy, context);
  if (high.mark === undefined) checkScalars(low, high, policy, context);
  return settle(withoutMark(high), context);
}

function mergeTwoMaps(
  low: MapNode,
  high: MapNode,
  policy: Policy | undefined,
  context: MergeContext,
): Node | undefined {
  const strategy = high.mark === "merge" ? "deep" : (policy?.strategy ?? "deep");
  switch (strategy) {
    case "deep":
      return mergeMaps(low, high, policy, context);
    case "replace":
      return settle(high, context);
    default:
      report(context, "merge.strategy", `is a map, so x-merge: ${strategy} does not fit`, low, high);
      return settle(high, context);
  }
}

function mergeTwoLists(
  low: ListNode,
  high: ListNode,
  policy: Policy | undefined,
  context: MergeContext,
): Node | undefined {
  const own = high.mark === "merge" ? mergeKindOf(low, high, policy) : high.mark;
  const strategy = own ?? policy?.strategy ?? "replace";
  switch (strategy) {
    case "replace":
      return settle(withoutMark(high), context);
    case "append":
    case "prepend":
    case "union":
    case "byKey":
      return mergeLists(strategy, low, high, { policy, context, mergeItems: mergeMaps });
    default:
      report(context, "merge.strategy", `is a list, so x-merge: ${strategy} does not fit`, low, high);
      return settle(withoutMark(high), context);
  }
}

/** A scalar has nothing that could be added together; `null` and references may still stand for something else. */
function checkScalars(low: Node, high: Node, policy: Policy | undefined, context: MergeContext): void {
  const strategy = policy?.strategy ?? "replace";
  if (strategy === "replace" || [low, high].some((node) => node.kind === "null" || isUnbound(node))) return;
  report(
    context,
    "merge.strategy",
    `is ${describeKind(high)}, so x-merge: ${strategy} does not fit`,
    low,
    high,
  );
}

/** `!merge` on a list: by key where its items are maps, as a union otherwise. */
export function mergeKindOf(low: ListNode, high: ListNode, policy: Policy | undefined): "byKey" | "union" {
  if (policy?.strategy === "byKey" || policy?.strategy === "union") return policy.strategy;
  return [...low.items, ...high.items].some((item) => item.kind === "map") ? "byKey" : "union";
}

function report(context: MergeContext, code: ErrorCode, what: string, low: Node, high: Node): void {
  const path = formatPath(context.path);
  const hints: Partial<Record<ErrorCode, string>> = {
    "merge.kind-change": "correct the value, or tag it !replace if the change is meant",
    "merge.redefined": "set it in one layer; its schema says x-merge: error",
    "merge.strategy": "correct x-merge in the schema",
  };
  context.report(
    diagnosticOf(
      new LotseError({
        code,
        message: `${path} ${what}`,
        hint: hints[code],
        where: whereOf(high, path),
        related: [whereOf(low, path)],
      }),
    ),
  );
}
