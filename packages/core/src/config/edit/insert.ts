import type { Node } from "../model/node.ts";
import type { Path } from "../model/path.ts";
import { noPlace, unsafe, type EditContext } from "./context.ts";
import { spacesTo, writeJsonAt } from "./replace.ts";
import { breakAt, indentUnit, lineEnd, lineStart, skipTrivia, type Splice } from "./splice.ts";
import type { ChildSpot, CollectionSpot, Spot } from "./spot.ts";
import { wrap, writeInline, writeInlineText, writeNested } from "./write.ts";

/** The splices that add a value, under parents that are missing, at the end of a map or list. */
export function planInsertion(
  context: EditContext,
  spot: CollectionSpot,
  parts: Path,
  node: Node,
): readonly Splice[] {
  const [name = "", ...rest] = parts;
  if (spot.kind === "list" && name !== String(spot.children.length)) {
    const hint = `the list has ${spot.children.length} items; name an index up to ${spot.children.length}`;
    throw noPlace(context, `the list has no item ${name}`, hint, spot.start);
  }
  switch (spot.style) {
    case "block":
      return planBlockInsertion(context, spot, name, writeBehind(context, spot, { rest, node }));
    case "flow":
      return planFlowInsertion(context, spot, name, wrap(node, rest));
    case "pair":
      throw unsafe(context, "the map is a single pair without braces", spot.start, {
        hint: "write braces around it",
      });
    default:
      return spot.style satisfies never;
  }
}

function writeBehind(
  context: EditContext,
  spot: CollectionSpot,
  value: { readonly rest: Path; readonly node: Node },
): string {
  const { text } = context;
  const layout = { indent: indentOf(text, spot), unit: unitOf(text), lineBreak: breakAt(text, spot.start) };
  return writeNested(value.node, value.rest, layout, spot.kind === "list");
}

function indentOf(text: string, spot: CollectionSpot): string {
  return spacesTo(text, spot.children[0]?.start ?? spot.start);
}

function unitOf(text: string): string {
  const unit = indentUnit(text);
  return unit.includes("\t") ? "  " : unit;
}

/** Adds lines behind the last line of the last entry, or behind the blank lines that it keeps. */
function planBlockInsertion(
  context: EditContext,
  spot: CollectionSpot,
  name: string,
  behind: string,
): readonly Splice[] {
  const { text } = context;
  const lineBreak = breakAt(text, spot.start);
  const head = spot.kind === "list" ? "-" : `${writeInlineText(name, false)}:`;
  const entry = indentOf(text, spot) + head + behind;
  if (spot.outerEnd > spot.end && lineStart(text, spot.outerEnd) === spot.outerEnd) {
    const isLast = spot.outerEnd === text.length;
    return [{ start: spot.outerEnd, end: spot.outerEnd, text: isLast ? entry : entry + lineBreak }];
  }
  const end = lineEnd(text, spot.outerEnd);
  return [{ start: end, end, text: lineBreak + entry }];
}

function planFlowInsertion(
  context: EditContext,
  spot: CollectionSpot,
  name: string,
  node: Node,
): readonly Splice[] {
  const { text } = context;
  const last = spot.children.at(-1);
  if (last === undefined) return planFirst(context, spot, name, node);
  const { end } = last.value;
  const comma = skipTrivia(text, end);
  const hasComma = text[comma] === ",";
  const behind = hasComma ? comma + 1 : end;
  const line = lineEnd(text, behind);
  const write = (separator: string) =>
    separator + writeEntry(context, spot, { name, node, like: last }) + (hasComma ? "," : "");
  if (line < spot.end) {
    const indent = text.slice(lineStart(text, last.start), last.start).replace(/\S.*$/u, "");
    const added = { start: line, end: line, text: write(breakAt(text, end) + indent) };
    if (hasComma) return [added];
    if (line === end) return [{ ...added, text: `,${added.text}` }];
    return [{ start: end, end, text: "," }, added];
  }
  const tight =
    context.isJson &&
    /,\S/u.test(text.slice(spot.start, spot.end)) &&
    !/, /u.test(text.slice(spot.start, spot.end));
  const space = tight ? "" : " ";
  return [{ start: behind, end: behind, text: write(hasComma ? space : `,${space}`) }];
}

/** Adds the first entry between brackets; in a JSON file of several lines it gets a line of its own. */
function planFirst(context: EditContext, spot: CollectionSpot, name: string, node: Node): readonly Splice[] {
  const { text, isJson } = context;
  const inner = text.slice(spot.start + 1, spot.end - 1);
  const entry = { name, node, like: undefined };
  const end = inner.trim() === "" ? spot.end - 1 : spot.start + 1;
  const expand = isJson && (spot.headEnd === spot.start || /[\r\n]/u.test(text.trim()));
  if (!expand) return [{ start: spot.start + 1, end, text: writeEntry(context, spot, entry) }];
  const outer = /^[ \t]*/u.exec(text.slice(lineStart(text, spot.start)))?.[0] ?? "";
  const lineBreak = breakAt(text, spot.start);
  const indent = lineBreak + outer + indentUnit(text);
  const key = spot.kind === "list" ? "" : `${JSON.stringify(name)}: `;
  const value = writeJsonAt(context, spot.start, node).replaceAll(lineBreak, lineBreak + indentUnit(text));
  return [{ start: spot.start + 1, end: spot.end - 1, text: `${indent}${key}${value}${lineBreak}${outer}` }];
}

function writeEntry(
  context: EditContext,
  spot: CollectionSpot,
  entry: { readonly name: string; readonly node: Node; readonly like: ChildSpot | undefined },
): string {
  const { text, isJson } = context;
  const { like } = entry;
  const value = isJson
    ? writeJsonAt(context, like?.start ?? spot.start, entry.node)
    : writeInline(entry.node, true);
  if (spot.kind === "list") return value;
  const key = isJson ? JSON.stringify(entry.name) : writeInlineText(entry.name, true);
  const tight = isJson && like !== undefined && /\S/u.test(text[like.value.headEnd] ?? "");
  return `${key}:${tight ? "" : " "}${value}`;
}

/** The splices that give a key or dash without a value its first child. */
export function planFilling(
  context: EditContext,
  child: ChildSpot,
  parts: Path,
  node: Node,
): readonly Splice[] {
  const { text } = context;
  const spot: Spot = child.value;
  if (spot.inFlow) {
    const value = writeInline(wrap(node, parts), true);
    return [{ start: spot.end, end: spot.end, text: (child.hasIndicator ? " " : ": ") + value }];
  }
  const afterDash = text[child.start] === "-" && spot.headEnd === child.start + 1;
  const end = lineEnd(text, spot.end);
  const inline = afterDash && spot.properties === undefined && text.slice(spot.end, end).trim() === "";
  const column = spacesTo(text, child.start);
  const unit = afterDash ? "  " : unitOf(text);
  const layout = { indent: column, unit, lineBreak: breakAt(text, spot.end) };
  const at = inline ? spot.end : end;
  return [{ start: at, end: at, text: writeNested(node, parts, layout, inline) }];
}

/** The splices that put the first value into a file that holds none. */
export function planBeginning(context: EditContext, node: Node): readonly Splice[] {
  const { text, path, isJson } = context;
  const lineBreak = breakAt(text, 0);
  if (isJson) {
    const value = writeJsonAt({ ...context, text: "{\n}" }, 0, wrap(node, path));
    return [{ start: 0, end: text.length, text: `${value}\n` }];
  }
  const [name = "", ...rest] = path;
  const layout = { indent: "", unit: unitOf(text), lineBreak };
  const entry = `${writeInlineText(name, false)}:${writeNested(node, rest, layout, false)}`;
  const isComplete = text === "" || lineStart(text, text.length) === text.length;
  const at = text.length;
  return [{ start: at, end: at, text: isComplete ? entry + lineBreak : lineBreak + entry }];
}
