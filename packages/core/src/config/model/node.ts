import type { Where } from "../../kernel/index.ts";
import type { SecretReference } from "./secret.ts";
import type { Source } from "./source.ts";

/** The kinds of a single value. `secret` is a handle whose content is elsewhere. */
export type ScalarKind = "string" | "integer" | "float" | "boolean" | "null" | "secret";

/** What a file's tag asks of the merge: `!replace`, `!append`, `!prepend`, `!merge`, `!delete`. */
export type Mark = "replace" | "append" | "prepend" | "merge" | "delete";

/** What a single value is in JavaScript. Integers beyond 2^53 are bigints. */
export type ScalarValue = string | number | bigint | boolean | null | SecretReference;

interface NodeBase {
  readonly source: Source;
  /** Where the value begins in its source. */
  readonly offset: number;
  readonly mark: Mark | undefined;
  /** Whether a reference `${…}` occurs in it or below it. */
  readonly hasReferences: boolean;
  /** Whether a merge tag occurs on it or below it. */
  readonly hasMarks: boolean;
}

/** A single value with the place it was written at. */
export interface ScalarNode extends NodeBase {
  readonly kind: ScalarKind;
  readonly value: ScalarValue;
  /** How a number was written, where that differs from how JavaScript prints it, such as `1.10`. */
  readonly text: string | undefined;
  /** The nodes whose values went into this one through references, in the order they were read. */
  readonly through: readonly Node[] | undefined;
}

/** A map; the order of its entries is the order in which the layers first name them. */
export interface MapNode extends NodeBase {
  readonly kind: "map";
  readonly entries: ReadonlyMap<string, Node>;
}

/** A list. */
export interface ListNode extends NodeBase {
  readonly kind: "list";
  readonly items: readonly Node[];
}

/** A value of a layer or of a result, with the place it was written at. Never changed once made. */
export type Node = ScalarNode | MapNode | ListNode;

/** What a scalar is made of; see {@link ScalarNode}. */
export interface ScalarParts {
  readonly kind: ScalarKind;
  readonly value: ScalarValue;
  readonly source: Source;
  readonly offset: number;
  readonly mark?: Mark | undefined;
  readonly text?: string | undefined;
  readonly hasReferences?: boolean;
  readonly through?: readonly Node[] | undefined;
}

/** Makes a scalar. All scalars have the same shape, which keeps merging fast. */
export function scalarNode(parts: ScalarParts): ScalarNode {
  return {
    kind: parts.kind,
    value: parts.value,
    source: parts.source,
    offset: parts.offset,
    mark: parts.mark,
    text: parts.text,
    hasReferences: parts.hasReferences ?? false,
    hasMarks: parts.mark !== undefined,
    through: parts.through,
  };
}

/** Makes a map, and works out from its entries whether references or tags are in it. */
export function mapNode(
  entries: ReadonlyMap<string, Node>,
  source: Source,
  offset: number,
  mark?: Mark,
): MapNode {
  let hasReferences = false;
  let hasMarks = mark !== undefined;
  for (const child of entries.values()) {
    hasReferences ||= child.hasReferences;
    hasMarks ||= child.hasMarks;
  }
  return { kind: "map", entries, source, offset, mark, hasReferences, hasMarks };
}

/** Makes a list, and works out from its items whether references or tags are in it. */
export function listNode(items: readonly Node[], source: Source, offset: number, mark?: Mark): ListNode {
  let hasReferences = false;
  let hasMarks = mark !== undefined;
  for (const child of items) {
    hasReferences ||= child.hasReferences;
    hasMarks ||= child.hasMarks;
  }
  return { kind: "list", items, source, offset, mark, hasReferences, hasMarks };
}

/** The same node without the tag on itself (tags below it stay). */
export function withoutMark(node: Node): Node {
  if (node.mark === undefined) return node;
  if (node.kind === "map") return mapNode(node.entries, node.source, node.offset);
  if (node.kind === "list") return listNode(node.items, node.source, node.offset);
  return scalarNode({ ...node, mark: undefined });
}

/** Whether a node is a single value. */
export function isScalar(node: Node): node is ScalarNode {
  return node.kind !== "map" && node.kind !== "list";
}

/** The place of a node, with a configuration path where one is given. */
export function whereOf(node: Node, path?: string): Where {
  const place = node.source.where(node.offset);
  return path === undefined ? place : { ...place, path };
}

/** Whether two nodes hold the same value, whatever their places. Numbers compare by value, not by text. */
export function sameValue(left: Node, right: Node): boolean {
  if (left === right) return true;
  if (left.kind === "map") {
    if (right.kind !== "map" || left.entries.size !== right.entries.size) return false;
    for (const [key, child] of left.entries) {
      const other = right.entries.get(key);
      if (other === undefined || !sameValue(child, other)) return false;
    }
    return true;
  }
  if (left.kind === "list") {
    return (
      right.kind === "list" &&
      left.items.length === right.items.length &&
      left.items.every((item, index) => sameValue(item, right.items[index] as Node))
    );
  }
  if (right.kind === "map" || right.kind === "list") return false;
  if (left.kind === "secret" || right.kind === "secret") {
    return left.kind === right.kind && String(left.value) === String(right.value);
  }
  return left.value === right.value;
}

/** A text that two nodes share exactly when {@link sameValue} holds, to find a value among many. */
export function fingerprint(node: Node): string {
  if (node.kind === "map") {
    const entries = [...node.entries].map(([key, child]) => `${JSON.stringify(key)}:${fingerprint(child)}`);
    return `{${entries.sort().join()}}`;
  }
  if (node.kind === "list") return `[${node.items.map(fingerprint).join()}]`;
  const type = node.kind === "secret" ? "secret" : typeof node.value;
  return `${type} ${JSON.stringify(String(node.value))}`;
}
