import { withoutMark, type Node } from "../model/node.ts";
import type { EditContext } from "./context.ts";
import { breakAt, columnOf, indentUnit, lineEnd, lineStart, type Splice } from "./splice.ts";
import { isCollection, type ChildSpot, type Properties, type Spot } from "./spot.ts";
import { writeContent, writeInStyle, writeJson } from "./write.ts";

/**
 * The node that stands at a path after a replacement. The tag in the file stays where it still means
 * something: `!replace` always, the others only on what they combine.
 */
export function keepMark(node: Node, before: Node | undefined): Node {
  const mark = before?.mark;
  if (node.mark !== undefined || mark === undefined) return node;
  const isList = node.kind === "list";
  const fits =
    mark === "replace" || (mark === "merge" ? isList || node.kind === "map" : isList && mark !== "delete");
  if (!fits) return node;
  return { ...node, mark, hasMarks: true };
}

/** The splices that put a value in the place of another and leave its key, anchor and comments. */
export function planReplacement(context: EditContext, child: ChildSpot, node: Node): readonly Splice[] {
  const { text, isJson } = context;
  const { value: spot } = child;
  if (isJson) return [{ start: spot.start, end: spot.end, text: writeJsonAt(context, spot.start, node) }];
  const content = writeReplacement(context, spot, node);
  const properties = writeProperties(spot, node);
  const kept = properties === existing(spot.properties);
  const value = kept ? content : [properties, content].filter((part) => part !== "").join(" ");
  const head = kept ? (spot.properties?.end ?? spot.headEnd) : spot.headEnd;
  const from = kept || spot.properties === undefined ? spot.start : spot.properties.start;
  const isBlock =
    (isCollection(spot) && spot.style === "block") || (spot.kind === "scalar" && spot.style === "block");
  if (spot.kind === "scalar" && spot.style === "empty") {
    const lead = child.hasIndicator ? " " : kept && spot.properties !== undefined ? " " : ": ";
    if (!kept && spot.properties !== undefined) return [{ start: from, end: spot.end, text: value }];
    return value === "" ? [] : [{ start: head, end: head, text: lead + value }];
  }
  if (!isBlock) return [{ start: from, end: spot.end, text: value }];
  return planBlockReplacement(text, spot, { value, head, from });
}

/** A block that begins below its key is cut off there, so that a comment behind the key stays. */
function planBlockReplacement(
  text: string,
  spot: Spot,
  parts: { readonly value: string; readonly head: number; readonly from: number },
): readonly Splice[] {
  const { value, head, from } = parts;
  if (spot.kind === "scalar") {
    const header = /^[|>][-+\d]*/u.exec(text.slice(spot.start))?.[0].length ?? 0;
    const line = lineEnd(text, spot.start);
    if (/[\r\n]/u.test(value)) return [{ start: from, end: spot.end, text: value }];
    return [
      { start: from, end: spot.start + header, text: value },
      { start: line, end: Math.max(line, spot.end), text: "" },
    ];
  }
  const line = lineEnd(text, from === spot.start ? head : (spot.properties?.end ?? head));
  const end = lineEnd(text, spot.end);
  if (spot.start < line) return [{ start: from, end, text: value }];
  const first =
    from === spot.start
      ? { start: head, end: head, text: ` ${value}` }
      : { start: from, end: spot.properties?.end ?? from, text: value };
  return [first, { start: line, end, text: "" }];
}

function writeReplacement(context: EditContext, spot: Spot, node: Node): string {
  if (spot.kind === "scalar" && node.kind === "string") {
    const parent = /^[ ]*/u.exec(context.text.slice(lineStart(context.text, spot.headEnd)))?.[0] ?? "";
    const indent = blockIndent(context.text, spot) ?? parent + indentUnit(context.text);
    return writeInStyle(String(node.value), spot, indent, breakAt(context.text, spot.start));
  }
  const bare = node.kind === "null" && node.mark !== undefined && !spot.inFlow;
  return bare ? "" : writeContent(node, spot.inFlow);
}

/** What the lines of a block scalar are indented with; `undefined` where it has none. */
function blockIndent(text: string, spot: Spot): string | undefined {
  const lines = text.slice(lineEnd(text, spot.start), spot.end);
  return /[\r\n]( +)[^\s]/u.exec(lines)?.[1];
}

const typesOfTags: Readonly<Record<string, Node["kind"]>> = {
  "!": "string",
  "!!str": "string",
  "!!int": "integer",
  "!!float": "float",
  "!!bool": "boolean",
  "!!null": "null",
  "!!map": "map",
  "!!seq": "list",
};

/** The anchor and the tag that a value has after the replacement. */
function writeProperties(spot: Spot, node: Node): string {
  const { properties } = spot;
  const old = properties?.tag;
  const type = old?.replace(/^!<tag:yaml\.org,2002:(\w+)>$/u, "!!$1") ?? "";
  const fits = Object.hasOwn(typesOfTags, type) && typesOfTags[type] === node.kind;
  const tag = node.mark === undefined ? (fits ? old : undefined) : `!${node.mark}`;
  if (tag === old) return existing(properties);
  return [properties?.anchor, tag].filter((part) => part !== undefined).join(" ");
}

function existing(properties: Properties | undefined): string {
  return [properties?.anchor, properties?.tag].filter((part) => part !== undefined).join(" ");
}

/** Writes a value for a JSON file, over several lines where the file is. */
export function writeJsonAt(context: EditContext, offset: number, node: Node): string {
  const { text } = context;
  const indent = /^[ \t]*/u.exec(text.slice(lineStart(text, offset)))?.[0] ?? "";
  const severalLines = /[\r\n]/u.test(text.trim());
  return writeJson(withoutMark(node), {
    unit: severalLines ? indentUnit(text) : undefined,
    indent,
    lineBreak: breakAt(text, offset),
    spaced: !/[:,][^\s\d]/u.test(text),
  });
}

/** The column of an offset in spaces. */
export function spacesTo(text: string, offset: number): string {
  return " ".repeat(columnOf(text, offset));
}
