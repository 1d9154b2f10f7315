import type { Node } from "../model/node.ts";
import type { EditContext } from "./context.ts";
import { planReplacement } from "./replace.ts";
import { afterBreak, beforeBreak, lineEnd, lineStart, type Splice } from "./splice.ts";
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
  if (spot.children.length === 1 && spot.style === "flow") {
    return [{ start: spot.start + 1, end: spot.end - 1, text: "" }];
  }
  if (spot.children.length === 1 && owner !== undefined) return planReplacement(context, owner, remaining);
  return spot.style === "block" ? planLines(context.text, spot, index) : planPart(spot, index);
}

/** Removes whole lines, or what stands behind the dash of the list item that the map begins in. */
function planLines(text: string, spot: CollectionSpot, index: number): readonly Splice[] {
  const child = spot.children[index] as ChildSpot;
  const next = spot.children[index + 1];
  const start = lineStart(text, child.start);
  if (text.slice(start, child.start).trim() !== "" && next !== undefined) {
    return [{ start: child.start, end: next.start, text: "" }];
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

function planPart(spot: CollectionSpot, index: number): readonly Splice[] {
  const child = spot.children[index] as ChildSpot;
  const next = spot.children[index + 1];
  if (next !== undefined) return [{ start: child.start, end: next.start, text: "" }];
  const previous = spot.children[index - 1];
  return [{ start: previous?.value.end ?? child.start, end: child.value.end, text: "" }];
}
