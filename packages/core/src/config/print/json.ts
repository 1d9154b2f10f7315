import type { Node } from "../model/node.ts";

/**
 * Writes a value as JSON. Numbers keep the text they were written with, so `1.10` and integers beyond 2^53
 * come out as they went in; secret handles are written as their references.
 *
 * @param indent - spaces per level; 0 writes one line. @defaultValue 2
 */
export function toJson(node: Node, indent = 2): string {
  return write(node, indent, 0);
}

function write(node: Node, indent: number, depth: number): string {
  if (node.kind === "map") {
    const colon = indent === 0 ? ":" : ": ";
    const entries = [...node.entries].map(
      ([key, child]) => JSON.stringify(key) + colon + write(child, indent, depth + 1),
    );
    return wrap("{", entries, "}", indent, depth);
  }
  if (node.kind === "list") {
    return wrap(
      "[",
      node.items.map((item) => write(item, indent, depth + 1)),
      "]",
      indent,
      depth,
    );
  }
  if (node.kind === "integer" || node.kind === "float") return node.text ?? String(node.value);
  return JSON.stringify(node.kind === "secret" ? String(node.value) : node.value);
}

function wrap(open: string, parts: readonly string[], close: string, indent: number, depth: number): string {
  if (parts.length === 0) return open + close;
  if (indent === 0) return open + parts.join(",") + close;
  const inner = `\n${" ".repeat(indent * (depth + 1))}`;
  return open + parts.map((part) => inner + part).join(",") + `\n${" ".repeat(indent * depth)}${close}`;
}

/** Writes a value as canonical JSON: keys sorted, no spaces. The same value always gives the same bytes. */
export function toCanonicalJson(node: Node): string {
  if (node.kind === "map") {
    const keys = [...node.entries.keys()].sort();
    return `{${keys.map((key) => `${JSON.stringify(key)}:${toCanonicalJson(node.entries.get(key) as Node)}`).join(",")}}`;
  }
  if (node.kind === "list") return `[${node.items.map(toCanonicalJson).join(",")}]`;
  return write(node, 0, 0);
}
