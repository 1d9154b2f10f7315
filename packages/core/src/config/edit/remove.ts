import type { Node } from "../model/node.ts";
import type { EditContext } from "./context.ts";
import { planReplacement } from "./replace.ts";
import { afterBreak, beforeBreak, lineEnd, lineStart, skipTrivia, type Splice } from "./splice.ts";
import type { ChildSpot, CollectionSpot } from "./spot.ts";

/** The map or list that something is removed from; see {@link planRemoval}. */
export interface RemovalPlace {
  readonly spot: CollectionSpot;
  /** Which of its children goes. */
  readonly index: number;
  /** The entry that the map or list is the value of; `undefined` at the top of the file. */
  readonly owner: ChildSpot | undefined;
  /** What the map or list is afterwards. */
  readonly remaining: Node;
}

/**
 * The splices that remove an entry or item. The last one of a map or list leaves `{}` or `[]`, since nothing
 * at all would be a null.
 */
export function planRemoval(context: EditContext, place: RemovalPlace): readonly Splice[] {
  const { spot, index, owner, remaining } = place;
  const { text } = context;
  if (spot.children.length === 1 && spot.style === "flow" && !hasComment(text, spot)) {
    return [{ start: spot.start + 1, end: spot.end - 1, text: "" }];
  }
  if (spot.children.length === 1 && owner !== undefined && spot.style !== "flow")
    return planReplacement(context, owner, remaining);
  return spot.style === "block" ? planLines(text, spot, index) : planPart(text, spot, index);
}

/** Whether a comment stands between the brackets of a flow collection of one entry, outside that entry. */
function hasComment(text: string, spot: CollectionSpot): boolean {
  const only = spot.children[0] as ChildSpot;
  const rest = `${text.slice(spot.start + 1, only.start)} ${text.slice(only.value.end, spot.end - 1)}`;
  return rest.includes("#");
}

/** Removes whole lines, or what stands behind the dash of the list item that the map begins in. */
function planLines(text: string, spot: CollectionSpot, index: number): readonly Splice[] {
  const child = spot.children[index] as ChildSpot;
  const next = spot.children[index + 1];
  const start = lineStart(text, child.start);
  if (text.slice(start, child.start).trim() !== "" && next !== undefined) {
    // A comment line above the next entry is that entry's: then the dash stands alone on its line.
    const line = lineEnd(text, child.value.outerEnd);
    if (text.slice(line, next.start).trim() === "")
      return [{ start: child.start, end: next.start, text: "" }];
    return [{ start: child.start - (text[child.start - 1] === " " ? 1 : 0), end: line, text: "" }];
  }
  const { outerEnd, end: ownEnd } = child.value;
  if (outerEnd > ownEnd && lineStart(text, outerEnd) === outerEnd)
    return [{ start, end: outerEnd, text: "" }];
  const end = lineEnd(text, outerEnd);
  // The file keeps its ending: without a final line break, the one before the entry goes.
  return end === text.length
    ? [{ start: beforeBreak(text, start), end, text: "" }]
    : [{ start, end: afterBreak(text, end), text: "" }];
}

function planPart(text: string, spot: CollectionSpot, index: number): readonly Splice[] {
  const child = spot.children[index] as ChildSpot;
  const next = spot.children[index + 1];
  const previous = spot.children[index - 1];
  const comma = skipTrivia(text, child.value.end);
  const end = text[comma] === "," ? comma + 1 : child.value.end;
  if (hasOwnLines(text, child, end)) {
    const lines = {
      start: lineStart(text, child.start),
      end: afterBreak(text, lineEnd(text, end)),
      text: "",
    };
    if (next !== undefined || previous === undefined || end !== child.value.end) return [lines];
    const before = skipTrivia(text, previous.value.end);
    return [{ start: before, end: before + 1, text: "" }, lines];
  }
  if (next !== undefined) return [{ start: child.start, end: next.start, text: "" }];
  return [{ start: previous?.value.end ?? child.start, end: child.value.end, text: "" }];
}

/** Whether nothing but a comment stands beside an entry, and its comma, on its lines. */
function hasOwnLines(text: string, child: ChildSpot, end: number): boolean {
  const before = text.slice(lineStart(text, child.start), child.start);
  const behind = text.slice(end, lineEnd(text, end));
  return before.trim() === "" && /^[ \t]*(?:#.*)?$/u.test(behind);
}
