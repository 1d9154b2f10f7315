import type { MetaValue, Written } from "./adapter.ts";
import type { SopsPath } from "../model.ts";
import type { ListItem, ListNode, MapEntry, MapNode } from "./parsed.ts";
import { itemsOf } from "./tree.ts";
import { yamlKey, yamlScalar, yamlSealed, yamlText } from "./yaml-write.ts";

/** Where lines of YAML begin and end, and how new ones are laid out. */

/** The start of the line after the one that an offset is in; the offset itself where it is a line's start. */
export function nextLine(text: string, offset: number): number {
  if (offset > 0 && text[offset - 1] === "\n") return offset;
  const lineEnd = text.indexOf("\n", offset);
  return lineEnd < 0 ? text.length : lineEnd + 1;
}

/** The start of the line that an offset is in. */
export function lineStart(text: string, offset: number): number {
  return text.lastIndexOf("\n", offset - 1) + 1;
}

/** Whether only space stands before an offset in its line. */
function opensLine(text: string, offset: number): boolean {
  return /^[ \t]*$/u.test(text.slice(lineStart(text, offset), offset));
}

/** Whether only space follows an offset in its line. */
export function endsLine(text: string, offset: number): boolean {
  const lineEnd = text.indexOf("\n", offset);
  return lineEnd >= 0 && /^[ \t\r]*$/u.test(text.slice(offset, lineEnd));
}

/** Writes a value, or what is encrypted of it. */
export function writeValue(
  value: Written,
  site: { readonly flow: boolean; readonly indent: number; readonly endsLine: boolean },
): string {
  return "sealed" in value ? yamlSealed(value.sealed, site) : yamlScalar(value.plain, site);
}

/** Writes the maps and lists of a path around a value within brackets. */
export function flowItem(owner: "map" | "list", path: SopsPath, value: Written): string {
  const [key = "", ...rest] = path;
  const [next] = rest;
  const inner =
    next === undefined
      ? writeValue(value, { flow: true, indent: -1, endsLine: false })
      : typeof next === "number"
        ? `[${flowItem("list", rest, value)}]`
        : `{${flowItem("map", rest, value)}}`;
  return owner === "map" ? `${JSON.stringify(String(key))}: ${inner}` : inner;
}

/** Writes the maps and lists of a path around a value as lines, each with a line break. */
export function blockItem(
  owner: "map" | "list",
  path: SopsPath,
  value: Written,
  indent: number,
  step: number,
): string {
  const [key = "", ...rest] = path;
  const margin = " ".repeat(indent);
  const head = owner === "map" ? `${margin}${yamlKey(String(key), false)}:` : `${margin}-`;
  const [next] = rest;
  if (next === undefined) return `${head} ${writeValue(value, { flow: false, indent, endsLine: true })}\n`;
  const inner = typeof next === "number" ? "list" : "map";
  return `${head}\n${blockItem(inner, rest, value, indent + step, step)}`;
}

/** Writes metadata as sops lays it out: four spaces a level, list items with their first key beside the dash. */
export function blockMeta(value: MetaValue, indent: number): string {
  const margin = " ".repeat(indent);
  if (value instanceof Map) {
    let text = "";
    for (const [key, inner] of value as ReadonlyMap<string, MetaValue>) {
      text += `${margin}${yamlKey(key, false)}:${metaBehind(inner, indent)}`;
    }
    return text;
  }
  if (!Array.isArray(value)) throw new Error("metadata is written from maps and lists");
  return (value as readonly MetaValue[]).map((item) => metaListItem(item, indent)).join("");
}

function metaListItem(item: MetaValue, indent: number): string {
  const margin = " ".repeat(indent);
  if (item instanceof Map && item.size > 0) {
    return `${margin}- ${blockMeta(item as ReadonlyMap<string, MetaValue>, indent + 2).slice(indent + 2)}`;
  }
  return `${margin}-${metaBehind(item, indent)}`;
}

function metaBehind(value: MetaValue, indent: number): string {
  if (value instanceof Map)
    return value.size === 0 ? " {}\n" : `\n${blockMeta(value as ReadonlyMap<string, MetaValue>, indent + 4)}`;
  if (Array.isArray(value))
    return value.length === 0 ? " []\n" : `\n${blockMeta(value as readonly MetaValue[], indent + 4)}`;
  if (value === null) return " null\n";
  if (typeof value !== "string") return ` ${JSON.stringify(value)}\n`;
  if (value.startsWith("ENC[")) return ` ${value}\n`;
  // Two columns more than the key, as in sops's own files: the block of a list item's key stands below it.
  return ` ${yamlText(value, { flow: false, indent: indent - 2, endsLine: true })}\n`;
}

/** The step of indentation that a file uses, from its first nested map. @defaultValue 4 */
export function stepOf(root: MapNode): number {
  for (const item of itemsOf(root)) {
    const { value } = item;
    if ((value.kind === "map" || value.kind === "list") && !value.flow && value.indent > root.indent) {
      return value.indent - root.indent;
    }
  }
  return 4;
}

/** The span that holds an item with what separates it from its neighbours, for its removal. */
export function spanOfItem(
  text: string,
  owner: MapNode | ListNode,
  item: MapEntry | ListItem,
): { start: number; end: number } {
  const items = itemsOf(owner);
  const at = items.indexOf(item);
  const next = items[at + 1];
  const previous = items[at - 1];
  if (owner.flow) {
    if (next !== undefined) return { start: item.start, end: next.start };
    return { start: previous?.end ?? item.start, end: item.end };
  }
  if (opensLine(text, item.start))
    return { start: lineStart(text, item.start), end: nextLine(text, item.end) };
  return { start: item.start, end: next?.start ?? item.end };
}
