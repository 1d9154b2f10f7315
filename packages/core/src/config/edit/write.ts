import { mapNode, listNode, type Node } from "../model/node.ts";
import type { Path } from "../model/path.ts";
import { toJson } from "../print/json.ts";
import { writeText } from "../print/yaml.ts";
import type { ScalarSpot } from "./spot.ts";

/** What a plain text may not hold inside of brackets, generously. */
const flowSpecial = /[,[\]{}:#?]/u;

/** Writes a text in double quotes; JSON's escapes are YAML's, too. */
function quote(text: string): string {
  const written = writeText(text);
  return written.startsWith('"') ? written : JSON.stringify(text);
}

/** Writes a text, or a key, on one line; in brackets it is quoted more often. */
export function writeInlineText(text: string, inFlow: boolean): string {
  return inFlow && flowSpecial.test(text) ? quote(text) : writeText(text);
}

/** Writes a value with its tags as YAML on one line. */
export function writeInline(node: Node, inFlow: boolean): string {
  const content = writeContent(node, inFlow);
  if (node.mark === undefined) return content;
  const bare = node.kind === "null" && !inFlow;
  return bare ? `!${node.mark}` : `!${node.mark} ${content}`;
}

/** Writes a value as YAML on one line without the tag on itself. */
export function writeContent(node: Node, inFlow: boolean): string {
  switch (node.kind) {
    case "map": {
      const entries = [...node.entries].map(
        ([key, child]) => `${writeInlineText(key, true)}: ${writeInline(child, true)}`,
      );
      return `{${entries.join(", ")}}`;
    }
    case "list":
      return `[${node.items.map((item) => writeInline(item, true)).join(", ")}]`;
    case "string":
    case "secret":
      return writeInlineText(String(node.value), inFlow);
    case "integer":
    case "float":
      return node.text ?? String(node.value);
    case "boolean":
    case "null":
      return String(node.value);
    default:
      return node satisfies never;
  }
}

/** Writes a text in the style of the value that it takes the place of, if it can be. */
export function writeInStyle(text: string, spot: ScalarSpot, indent: string, lineBreak: string): string {
  switch (spot.style) {
    case "double":
      return quote(text);
    case "single":
      return /[\p{Cc}\u2028\u2029\ufeff]/u.test(text) ? quote(text) : `'${text.replaceAll("'", "''")}'`;
    case "block":
      return writeBlock(text, indent, lineBreak) ?? writeInlineText(text, spot.inFlow);
    case "plain":
    case "empty":
      return writeInlineText(text, spot.inFlow);
    default:
      return spot.style satisfies never;
  }
}

/** Writes a text of several lines as a literal block; `undefined` where a block could not hold it. */
function writeBlock(text: string, indent: string, lineBreak: string): string | undefined {
  const body = text.replace(/\n$/u, "");
  const other = /[\p{Cc}\u2028\u2029\ufeff]/u.test(text.replaceAll(/[\t\n]/gu, ""));
  if (!text.includes("\n") || /^\s|\s$/u.test(body) || /[^\S\n]\n/u.test(body) || other) return undefined;
  const lines = body.split("\n").map((line) => (line === "" ? "" : indent + line));
  return [text.endsWith("\n") ? "|" : "|-", ...lines].join(lineBreak);
}

/** Writes a value as JSON, on one line or with a file's own indentation. */
export function writeJson(node: Node, layout: JsonLayout): string {
  if (layout.unit === undefined) {
    const compact = toJson(node, 0);
    return layout.spaced ? spaceOut(node) : compact;
  }
  const { unit } = layout;
  return toJson(node, 1)
    .split("\n")
    .map((line, index) =>
      index === 0 ? line : layout.indent + line.replace(/^ +/u, (own) => unit.repeat(own.length)),
    )
    .join(layout.lineBreak);
}

/** How a JSON value is laid out; without a unit on one line. */
export interface JsonLayout {
  readonly unit: string | undefined;
  /** What the line of the value is indented with. */
  readonly indent: string;
  readonly lineBreak: string;
  /** Whether a space follows colons and commas on one line. */
  readonly spaced: boolean;
}

function spaceOut(node: Node): string {
  if (node.kind === "map") {
    return `{${[...node.entries].map(([key, child]) => `${JSON.stringify(key)}: ${spaceOut(child)}`).join(", ")}}`;
  }
  return node.kind === "list" ? `[${node.items.map(spaceOut).join(", ")}]` : toJson(node, 0);
}

/** Puts a value under the parents that a path names; the part `0` makes a list, any other a map. */
export function wrap(node: Node, parents: Path): Node {
  return parents.reduceRight<Node>(
    (child, part) =>
      part === "0"
        ? listNode([child], child.source, child.offset)
        : mapNode(new Map([[part, child]]), child.source, child.offset),
    node,
  );
}

/** Where a nested value is written; see {@link writeNested}. */
export interface NestedLayout {
  readonly indent: string;
  readonly unit: string;
  readonly lineBreak: string;
}

/** What comes behind a key's colon, or a dash, to put a value under missing parents in block style. */
export function writeNested(node: Node, parents: Path, layout: NestedLayout, afterDash: boolean): string {
  const [part, ...rest] = parents;
  if (part === undefined) return ` ${writeInline(node, false)}`;
  const indent = layout.indent + (afterDash ? "  " : layout.unit);
  const isItem = part === "0";
  const head = isItem ? "-" : `${writeText(part)}:`;
  const lead = afterDash ? " " : layout.lineBreak + indent;
  return lead + head + writeNested(node, rest, { ...layout, indent }, isItem);
}
