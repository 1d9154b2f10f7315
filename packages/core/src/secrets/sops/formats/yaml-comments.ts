import type { CommentNode, ListItem, ListNode, MapEntry, MapNode, Node } from "./parsed.ts";
import type { RawDocument } from "./yaml-parse.ts";

/**
 * Finds the comments of a YAML text and puts each where sops has it: a comment on a line of its own before the
 * item below it at its column, or behind the item above that is indented no deeper; one behind a value before
 * that value's item.
 */

type Item = MapEntry | ListItem;
type Owner = MapNode | ListNode;

/** An item, where it stands and in what. */
interface Placed {
  readonly item: Item;
  readonly owner: Owner;
  readonly above: Placed | undefined;
  readonly column: number;
}

/** Puts the comments into the nodes of their documents. */
export function placeComments(
  text: string,
  documents: readonly RawDocument[],
  opaque: readonly number[],
): void {
  const comments = findComments(text, opaque);
  if (comments.length === 0) return;
  let next = 0;
  documents.forEach((document, index) => {
    const following = documents[index + 1];
    const own: CommentNode[] = [];
    const limit =
      following === undefined ? Number.POSITIVE_INFINITY : separatorBefore(text, document, following);
    for (
      let comment = comments[next];
      comment !== undefined && comment.start < limit;
      comment = comments[next]
    ) {
      own.push(comment);
      next += 1;
    }
    if (document.root !== undefined) placeInDocument(text, document.root, own);
  });
}

function separatorBefore(text: string, document: RawDocument, following: RawDocument): number {
  const marker = /^(?:---|\.\.\.)/gmu;
  marker.lastIndex = document.end;
  return marker.exec(text)?.index ?? following.end;
}

function findComments(text: string, opaque: readonly number[]): CommentNode[] {
  const found: CommentNode[] = [];
  let span = 0;
  for (let at = text.indexOf("#"); at >= 0; at = text.indexOf("#", at)) {
    while (span < opaque.length && (opaque[span + 1] ?? 0) <= at) span += 2;
    if ((opaque[span] ?? Number.POSITIVE_INFINITY) <= at) {
      at = opaque[span + 1] ?? text.length;
      continue;
    }
    if (!/[\s]/u.test(text[at - 1] ?? "\n")) {
      at += 1;
      continue;
    }
    const lineEnd = text.indexOf("\n", at);
    let end = lineEnd < 0 ? text.length : lineEnd;
    if (text[end - 1] === "\r") end -= 1;
    found.push({ kind: "comment", text: text.slice(at + 1, end), start: at, end });
    at = end;
  }
  return found;
}

function placeInDocument(text: string, root: MapNode, comments: readonly CommentNode[]): void {
  const items: Placed[] = [];
  collect(root, undefined, text, items);
  const insertions = new Map<Owner, Map<Item | undefined, CommentNode[]>>();
  let behind = 0;
  for (const comment of comments) {
    while (behind < items.length && (items[behind]?.item.start ?? 0) < comment.start) behind += 1;
    const { owner, before } = placeOf(comment, text, items, behind, root);
    const ofOwner = insertions.get(owner) ?? new Map<Item | undefined, CommentNode[]>();
    insertions.set(owner, ofOwner);
    const group = ofOwner.get(before) ?? [];
    ofOwner.set(before, group);
    group.push(comment);
  }
  for (const [owner, ofOwner] of insertions) insertAll(owner, ofOwner);
}

function collect(owner: Node, above: Placed | undefined, text: string, into: Placed[]): void {
  if (owner.kind !== "map" && owner.kind !== "list") return;
  for (const item of owner.items) {
    if (item.kind === "comment") continue;
    const column = item.start - (text.lastIndexOf("\n", item.start - 1) + 1);
    const placed: Placed = { item, owner, above, column };
    into.push(placed);
    collect(item.value, placed, text, into);
  }
}

/** @param behind - how many items start before the comment */
function placeOf(
  comment: CommentNode,
  text: string,
  items: readonly Placed[],
  behind: number,
  root: MapNode,
): { owner: Owner; before: Item | undefined } {
  const lineStart = text.lastIndexOf("\n", comment.start - 1) + 1;
  const previous = items[behind - 1];
  if (previous !== undefined && /\S/u.test(text.slice(lineStart, comment.start))) {
    return { owner: previous.owner, before: previous.item };
  }
  const column = comment.start - lineStart;
  for (let at = behind; at < items.length && items[at]?.item.start === items[behind]?.item.start; at++) {
    const next = items[at];
    if (next?.column === column) return { owner: next.owner, before: next.item };
  }
  for (let at = previous; at !== undefined; at = at.above) {
    if (at.column <= column && !at.owner.flow) return { owner: at.owner, before: itemBehind(at) };
  }
  return { owner: root, before: items[0]?.item === items[behind]?.item ? items[0]?.item : undefined };
}

function itemBehind(placed: Placed): Item | undefined {
  const items: readonly (Item | CommentNode)[] = placed.owner.items;
  const at = items.indexOf(placed.item);
  const next = items[at + 1];
  return next?.kind === "comment" ? undefined : next;
}

function insertAll(owner: Owner, insertions: ReadonlyMap<Item | undefined, CommentNode[]>): void {
  const items: (Item | CommentNode)[] = [];
  for (const item of owner.items as (Item | CommentNode)[]) {
    if (item.kind !== "comment") items.push(...(insertions.get(item) ?? []));
    items.push(item);
  }
  items.push(...(insertions.get(undefined) ?? []));
  (owner.items as (Item | CommentNode)[]).splice(0, owner.items.length, ...items);
}
