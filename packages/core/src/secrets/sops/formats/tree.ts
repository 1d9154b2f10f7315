import type { PathKey, SopsPath } from "../model.ts";
import type { SourceText } from "../source-text.ts";
import type { MetaMap, MetaValue } from "./adapter.ts";
import type { CommentNode, ListItem, ListNode, MapEntry, MapNode, Node, ScalarNode } from "./parsed.ts";

/** Finding and reading nodes, the same in every format. */

/** The entries of a map or items of a list without the comments between them. */
export function itemsOf(node: MapNode | ListNode): readonly (MapEntry | ListItem)[] {
  const items: readonly (MapEntry | ListItem | CommentNode)[] = node.items;
  return items.filter((item) => item.kind !== "comment");
}

/** The item that a key or place names, if it is there. */
export function itemAt(node: Node, key: PathKey): MapEntry | ListItem | undefined {
  if (node.kind === "map") {
    return itemsOf(node).find((item) => item.kind === "entry" && item.key === key);
  }
  return node.kind === "list" && typeof key === "number" ? itemsOf(node)[key] : undefined;
}

/** The entry of a map by its key. */
export function entryOf(node: MapNode | undefined, key: string): MapEntry | undefined {
  const item = node === undefined ? undefined : itemAt(node, key);
  return item?.kind === "entry" ? item : undefined;
}

/** How far a path leads into the tree. */
export interface Descent {
  /** The deepest map or list on the way that exists. */
  readonly owner: MapNode | ListNode;
  /** What of the path is left below the owner; at least one key. */
  readonly rest: SopsPath;
  /** The item in the owner that the first of the rest names, if it exists. */
  readonly item: MapEntry | ListItem | undefined;
  /** The item that the owner is the value of; `undefined` at the top. */
  readonly holder: MapEntry | ListItem | undefined;
}

/** Follows a path as far as it exists. The path has at least one key. */
export function descend(root: MapNode, path: SopsPath): Descent {
  let owner: MapNode | ListNode = root;
  let holder: MapEntry | ListItem | undefined;
  let at = 0;
  for (;;) {
    const item = itemAt(owner, path[at] ?? "");
    if (item === undefined || at === path.length - 1) return { owner, rest: path.slice(at), item, holder };
    if (item.value.kind !== "map" && item.value.kind !== "list")
      return { owner, rest: path.slice(at), item, holder };
    owner = item.value;
    holder = item;
    at += 1;
  }
}

/**
 * Reads nodes as plain data.
 *
 * @param aliases - follows aliases, up to so many nodes; without it an alias is an error
 * @throws LotseError `secret.format` for what metadata cannot hold
 */
export function metaOf(node: Node, source: SourceText, aliases?: { nodesLeft: number }): MetaValue {
  if (aliases !== undefined) {
    aliases.nodesLeft -= 1;
    if (aliases.nodesLeft < 0)
      throw source.fail("secret.format", "the aliases of the file expand to too much", {
        offset: node.start,
      });
  }
  switch (node.kind) {
    case "map": {
      const map = new Map<string, MetaValue>();
      for (const item of node.items)
        if (item.kind === "entry") map.set(item.key, metaOf(item.value, source, aliases));
      return map;
    }
    case "list":
      return itemsOf(node).map((item) => metaOf(item.value, source, aliases));
    case "alias":
      if (aliases !== undefined) return metaOf(node.target, source, aliases);
      throw source.fail("secret.format", "the metadata has an alias", {
        offset: node.start,
        hint: "write the value out",
      });
    case "scalar":
      return metaScalar(node);
    default:
      return node satisfies never;
  }
}

/** Metadata as a map, or an error. */
export function metaMapOf(node: Node, source: SourceText): MetaMap {
  const value = metaOf(node, source);
  if (value instanceof Map) return value as MetaMap;
  throw source.fail("secret.format", "the sops metadata is not a map", {
    offset: node.start,
    hint: "the key sops is reserved for metadata; rename it in a file that is not encrypted",
  });
}

function metaScalar(node: ScalarNode): MetaValue {
  const text = node.plain.bytes.toString("utf8");
  switch (node.plain.type) {
    case "bool":
      return text === "True";
    case "int":
      return Number(text);
    case "null":
      return null;
    default:
      return text;
  }
}
