import { diagnosticOf, LotseError } from "../../kernel/index.ts";
import { listNode, mapNode, whereOf, withoutMark, type Node } from "../model/node.ts";
import { formatPath } from "../model/path.ts";
import type { MergeContext } from "./context.ts";

/**
 * Takes a value into the result where no lower layer has one: its tags have nothing to act on and fall away,
 * and what is tagged `!delete` is not there.
 *
 * @returns `undefined` for a value that is itself tagged `!delete`
 */
export function settle(node: Node, context: MergeContext): Node | undefined {
  if (!node.hasMarks) return node;
  if (node.mark === "delete") return undefined;
  if (node.kind === "map") {
    const entries = new Map<string, Node>();
    for (const [key, child] of node.entries) {
      context.path.push(key);
      const settled = settle(child, context);
      context.path.pop();
      if (settled !== undefined) entries.set(key, settled);
    }
    return mapNode(entries, node.source, node.offset);
  }
  if (node.kind === "list") {
    const items = node.items.map((item) => settleItem(item, context)).filter((item) => item !== undefined);
    return listNode(items, node.source, node.offset);
  }
  return withoutMark(node);
}

function settleItem(item: Node, context: MergeContext): Node | undefined {
  if (item.mark !== "delete") return settle(item, context);
  const path = formatPath(context.path);
  context.report(
    diagnosticOf(
      new LotseError({
        code: "parse.tag-misuse",
        message: `!delete stands in a list that replaces the one below, so there is nothing to delete at ${path}`,
        hint: "tag the list !merge, or give it x-merge: byKey or union in the schema",
        where: whereOf(item, path),
      }),
    ),
  );
  return undefined;
}
