import type { Node } from "./node.ts";
import type { SecretReference } from "./secret.ts";

/** A value as JavaScript programs know it. Integers beyond 2^53 are bigints, secrets stay handles. */
export type PlainValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | SecretReference
  | readonly PlainValue[]
  | { readonly [key: string]: PlainValue };

/**
 * Turns nodes into plain, frozen JavaScript values. Keys such as `__proto__` cannot occur: the parser
 * refuses them.
 */
export function toPlain(node: Node): PlainValue {
  if (node.kind === "map") {
    const result: Record<string, PlainValue> = {};
    for (const [key, child] of node.entries) result[key] = toPlain(child);
    return Object.freeze(result);
  }
  if (node.kind === "list") return Object.freeze(node.items.map(toPlain));
  return node.value;
}
