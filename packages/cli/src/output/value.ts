import type { Node } from "@lotse/core/config";

// JSON.rawJSON (https://github.com/tc39/proposal-json-parse-with-source) is not in TypeScript's library yet.
const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown };

/**
 * A node as a value for JSON: numbers keep the text they were written with, secret handles are their
 * references.
 */
export function jsonValue(node: Node): unknown {
  if (node.kind === "map") {
    return Object.fromEntries([...node.entries].map(([key, child]) => [key, jsonValue(child)]));
  }
  if (node.kind === "list") return node.items.map(jsonValue);
  if (node.kind === "integer" || node.kind === "float") return rawJSON(node.text ?? String(node.value));
  return node.kind === "secret" ? String(node.value) : node.value;
}

/** The same, with what the schema calls a secret hidden unless it is a handle. */
export function shownValue(node: Node | undefined, secret: boolean): unknown {
  if (node === undefined) return null;
  return secret && node.kind !== "secret" && node.kind !== "null" ? "[redacted]" : jsonValue(node);
}

/** A value in one line for tables. */
export function inline(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
