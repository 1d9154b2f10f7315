import type { PathKey } from "../model.ts";
import type { SopsLimits } from "../limits.ts";
import type { SourceText } from "../source-text.ts";
import type { AliasNode, CommentNode, Entry, ListItem, MapEntry, Node, ParsedDocument } from "./parsed.ts";

/**
 * Lists the values and comments of the documents in the order in which sops walks them, which is the order of
 * the MAC.
 *
 * @throws LotseError `secret.format` over the limit of entries
 */
export function walk(
  documents: readonly ParsedDocument[],
  source: SourceText,
  limits: SopsLimits,
): readonly Entry[] {
  const walker = new Walker(source, limits);
  documents.forEach((document, index) => walker.document(document, index));
  return walker.entries;
}

/** Comments of one map or list up to the value that is next; a chain to the top instead of copied stacks. */
interface Level {
  readonly above: Level | undefined;
  /** Grows while the walk goes on; only the first `count` count for this level. */
  readonly comments: readonly string[];
  readonly count: number;
}

class Walker {
  readonly entries: Entry[] = [];
  readonly #source: SourceText;
  readonly #limits: SopsLimits;
  #document = 0;
  #visited = 0;

  constructor(source: SourceText, limits: SopsLimits) {
    this.#source = source;
    this.#limits = limits;
  }

  document(document: ParsedDocument, index: number): void {
    this.#document = index;
    this.#items(document.root.items, [], undefined, undefined, 0);
  }

  #items(
    items: readonly (MapEntry | ListItem | CommentNode)[],
    path: readonly PathKey[],
    above: Level | undefined,
    alias: AliasNode | undefined,
    depth: number,
  ): void {
    let comments: string[] = [];
    let place = 0;
    for (const item of items) {
      if (item.kind === "comment") {
        comments.push(item.text);
        this.#comment(item, path, { above, comments, count: comments.length }, alias);
        continue;
      }
      const key = item.kind === "entry" ? item.key : place;
      place += 1;
      this.#node(item.value, [...path, key], { above, comments, count: comments.length }, alias, depth + 1);
      comments = [];
    }
  }

  #node(
    node: Node,
    path: readonly PathKey[],
    level: Level,
    alias: AliasNode | undefined,
    depth: number,
  ): void {
    this.#count(node.start);
    switch (node.kind) {
      case "map":
      case "list":
        if (depth >= this.#limits.maxDepth) {
          throw this.#source.fail(
            "secret.format",
            `maps and lists are nested more than ${this.#limits.maxDepth} deep`,
            {
              offset: node.start,
              hint: "flatten the structure",
            },
          );
        }
        this.#items(node.items, path, level, alias, depth);
        return;
      case "alias":
        this.#node(node.target, path, level, alias ?? node, depth);
        return;
      case "scalar":
        this.#add({
          kind: "value",
          document: this.#document,
          path,
          plain: node.plain,
          start: node.start,
          end: node.end,
          node,
          alias,
          comments: () => stackOf(level),
        });
    }
  }

  #comment(node: CommentNode, path: readonly PathKey[], level: Level, alias: AliasNode | undefined): void {
    this.#add({
      kind: "comment",
      document: this.#document,
      path,
      plain: { type: "comment", bytes: Buffer.from(node.text) },
      start: node.start,
      end: node.end,
      node: undefined,
      alias,
      comments: () => stackOf(level),
    });
  }

  #add(entry: Entry): void {
    if (entry.kind === "comment") this.#count(entry.start);
    this.entries.push(entry);
  }

  /** Counts every node, also empty maps, or aliases could make a small file endless. */
  #count(offset: number): void {
    this.#visited += 1;
    if (this.#visited <= this.#limits.maxEntries) return;
    throw this.#source.fail(
      "secret.format",
      `the file has more than ${this.#limits.maxEntries} values when its aliases are expanded`,
      { offset, hint: "remove nested aliases, or split the file" },
    );
  }
}

function stackOf(level: Level | undefined): readonly (readonly string[])[] {
  const stack: (readonly string[])[] = [];
  for (let at = level; at !== undefined; at = at.above) stack.unshift(at.comments.slice(0, at.count));
  return stack;
}
