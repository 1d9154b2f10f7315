import { listNode, mapNode, type Node } from "../model/node.ts";
import type { Path } from "../model/path.ts";
import { wrap } from "./write.ts";

/** The tree with another value at a path, or without it. The path has to have a place in the tree. */
export function withValue(root: Node, path: Path, value: Node | undefined): Node {
  const [part, ...rest] = path;
  if (part === undefined) return value ?? root;
  if (root.kind === "map") {
    const entries = new Map(root.entries);
    const child = changed(entries.get(part), rest, value);
    if (child === undefined) entries.delete(part);
    else entries.set(part, child);
    return mapNode(entries, root.source, root.offset, root.mark);
  }
  if (root.kind === "list") {
    const index = Number(part);
    const child = changed(root.items[index], rest, value);
    const items = root.items.toSpliced(index, 1, ...(child === undefined ? [] : [child]));
    return listNode(items, root.source, root.offset, root.mark);
  }
  if (value === undefined) return root;
  const made = wrap(value, path);
  return { ...made, mark: root.mark, hasMarks: made.hasMarks || root.mark !== undefined };
}

function changed(child: Node | undefined, rest: Path, value: Node | undefined): Node | undefined {
  if (rest.length === 0) return value;
  if (child !== undefined) return withValue(child, rest, value);
  return value === undefined ? undefined : wrap(value, rest);
}

/** Whether two trees are the same with their tags and with how their numbers are written, whatever their places. */
export function sameTree(left: Node | undefined, right: Node | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  if (left.mark !== right.mark) return false;
  if (left.kind === "map") {
    return (
      right.kind === "map" &&
      left.entries.size === right.entries.size &&
      [...left.entries].every(([key, child]) => sameTree(child, right.entries.get(key)))
    );
  }
  if (left.kind === "list") {
    return (
      right.kind === "list" &&
      left.items.length === right.items.length &&
      left.items.every((item, index) => sameTree(item, right.items[index]))
    );
  }
  if (right.kind === "map" || right.kind === "list") return false;
  return left.kind === right.kind && Object.is(left.value, right.value) && left.text === right.text;
}
