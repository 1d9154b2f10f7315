import type { Node } from "../model/node.ts";
import { readPlain } from "../parse/scalar.ts";

/**
 * Writes a value as YAML that readers of YAML 1.1 and of 1.2 understand alike: numbers keep the text they
 * were written with, and a text that either of them could take for something else is quoted.
 */
export function toYaml(node: Node): string {
  if (node.kind === "map" && node.entries.size > 0) return writeMap(node, 0);
  if (node.kind === "list" && node.items.length > 0) return writeList(node, 0);
  return `${writeInline(node, 0)}\n`;
}

type MapLike = Extract<Node, { kind: "map" }>;
type ListLike = Extract<Node, { kind: "list" }>;

function writeMap(node: MapLike, depth: number): string {
  const indent = "  ".repeat(depth);
  return [...node.entries]
    .map(([key, child]) => `${indent}${writeText(key)}:${writeChild(child, depth + 1)}`)
    .join("");
}

function writeList(node: ListLike, depth: number): string {
  const indent = "  ".repeat(depth);
  return node.items
    .map((item) => {
      if (item.kind !== "map" || item.entries.size === 0) return `${indent}-${writeChild(item, depth + 1)}`;
      return `${indent}- ${writeMap(item, depth + 1).slice((depth + 1) * 2)}`;
    })
    .join("");
}

function writeChild(node: Node, depth: number): string {
  if (node.kind === "map" && node.entries.size > 0) return `\n${writeMap(node, depth)}`;
  if (node.kind === "list" && node.items.length > 0) return `\n${writeList(node, depth)}`;
  return ` ${writeInline(node, depth)}\n`;
}

function writeInline(node: Node, depth: number): string {
  switch (node.kind) {
    case "map":
      return "{}";
    case "list":
      return "[]";
    case "integer":
    case "float":
      return node.text ?? String(node.value);
    case "boolean":
    case "null":
      return String(node.value);
    case "secret":
      return writeText(String(node.value));
    case "string":
      return writeString(String(node.value), depth);
    default:
      return node satisfies never;
  }
}

/** A text of several lines is a block where its lines allow that; any other is on one line. */
function writeString(text: string, depth: number): string {
  const block =
    text.includes("\n") &&
    !/^\s|[^\S\n]\n|[^\S\n]$/u.test(text) &&
    !control.test(text.replaceAll(/[\t\n]/gu, ""));
  if (!block || text.trim() === "") return writeText(text);
  const trailing = /\n*$/u.exec(text)?.[0].length ?? 0;
  const chomping = trailing === 0 ? "-" : trailing === 1 ? "" : "+";
  const indent = "  ".repeat(Math.max(1, depth));
  const lines = text.replace(/\n$/u, "").split("\n");
  return `|${chomping}\n${lines.map((line) => (line === "" ? "" : indent + line)).join("\n")}`;
}

/** What readers of YAML 1.1 take for a boolean, a number, a date or null (https://yaml.org/type/). */
const ambiguous = /^(?:y|n|yes|no|on|off|true|false|null|~|[-+]?\.?[0-9].*|[-+]?\.(?:inf|nan)|<<|=)$/iu;
const unsafe = /^[\s!&*?|>@`"'%#,[\]{}-]|^:|: |:$| #|\s$/u;
/** Control characters and line separators, which a reader may change or refuse. */
const control = /[\p{Cc}\u2028\u2029\ufeff]/u;

/** Whether a text may stand without quotes and be read as itself by every reader. */
function isPlainSafe(text: string): boolean {
  return (
    text !== "" &&
    !ambiguous.test(text) &&
    !unsafe.test(text) &&
    !control.test(text) &&
    readPlain(text).kind === "string"
  );
}

/** Writes a text as one YAML scalar, quoted where that is needed. */
export function writeText(text: string): string {
  return isPlainSafe(text)
    ? text
    : JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029\ufeff]/gu, escapeUnit);
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
