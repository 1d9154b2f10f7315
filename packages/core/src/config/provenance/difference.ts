import { sameValue, type Node } from "../model/node.ts";
import { joinIndex, joinKey } from "../model/path.ts";

/** One path at which two configurations differ. Absent sides are `undefined`. */
export interface Difference {
  readonly path: string;
  readonly kind: "added" | "removed" | "changed";
  readonly left: Node | undefined;
  readonly right: Node | undefined;
}

/**
 * Compares two configurations. Maps are compared key by key; lists of the same length item by item, others
 * as a whole. Shared parts are passed over at once.
 */
export function compare(left: Node | undefined, right: Node | undefined, path = ""): readonly Difference[] {
  if (left === right) return [];
  if (left === undefined || right === undefined) return oneSided(left, right, path);
  if (left.kind === "map" && right.kind === "map") {
    const keys = new Set([...left.entries.keys(), ...right.entries.keys()]);
    return [...keys].flatMap((key) =>
      compare(left.entries.get(key), right.entries.get(key), joinKey(path, key)),
    );
  }
  if (left.kind === "list" && right.kind === "list" && left.items.length === right.items.length) {
    return left.items.flatMap((item, index) => compare(item, right.items[index], joinIndex(path, index)));
  }
  return sameValue(left, right)
    ? textDifference(left, right, path)
    : [{ path, kind: "changed", left, right }];
}

/** A whole branch that is on one side only is told value by value. */
function oneSided(left: Node | undefined, right: Node | undefined, path: string): readonly Difference[] {
  const node = (left ?? right) as Node;
  if (node.kind === "map" && node.entries.size > 0) {
    return [...node.entries].flatMap(([key, child]) =>
      left === undefined
        ? compare(undefined, child, joinKey(path, key))
        : compare(child, undefined, joinKey(path, key)),
    );
  }
  return [{ path, kind: left === undefined ? "added" : "removed", left, right }];
}

/** `1.1` and `1.10` are the same number and not the same text. */
function textDifference(left: Node, right: Node, path: string): readonly Difference[] {
  const textOf = (node: Node): string | undefined =>
    node.kind === "float" || node.kind === "integer" ? node.text : undefined;
  return textOf(left) === textOf(right) ? [] : [{ path, kind: "changed", left, right }];
}
