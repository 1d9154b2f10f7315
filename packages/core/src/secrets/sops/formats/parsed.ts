import type { Plain, SopsFormat, SopsPath } from "../model.ts";
import type { CommentStack } from "../rules.ts";
import type { SourceText } from "../source-text.ts";

/**
 * The tree of a file with the place of everything in its text. All formats are parsed into it, so that
 * encryption, the MAC, changes and merges are written once.
 */
export type Node = MapNode | ListNode | ScalarNode | AliasNode;

/** Offsets count UTF-16 units; `end` is exclusive. */
interface Spanned {
  readonly start: number;
  readonly end: number;
}

/** A map; comments stand among its entries, where sops has them. */
export interface MapNode extends Spanned {
  readonly kind: "map";
  readonly items: (MapEntry | CommentNode)[];
  /** Whether it is written in brackets, as all of JSON is. */
  readonly flow: boolean;
  /** The column of its keys from 0; meaningless with brackets. */
  readonly indent: number;
}

/** One key of a map with its value; it starts at the key. */
export interface MapEntry extends Spanned {
  readonly kind: "entry";
  readonly key: string;
  readonly value: Node;
}

/** A list; comments stand among its items. */
export interface ListNode extends Spanned {
  readonly kind: "list";
  readonly items: (ListItem | CommentNode)[];
  readonly flow: boolean;
  /** The column of its dashes. */
  readonly indent: number;
}

/** One item of a list; it starts at its dash, or at its value within brackets. */
export interface ListItem extends Spanned {
  readonly kind: "item";
  readonly value: Node;
}

/** A single value, as the syntax alone reads it: an encrypted one is a text. */
export interface ScalarNode extends Spanned {
  readonly kind: "scalar";
  readonly plain: Plain;
  /** Whether it stands within brackets. */
  readonly flow: boolean;
  /** What must be written before the value where nothing stands there yet. */
  readonly lead: string;
  /** The column of the map or list it stands in. */
  readonly indent: number;
  /** Whether it carries an anchor, so that it stands in other places too. */
  readonly anchored: boolean;
}

/** A YAML alias: the target is read as if it stood here. */
export interface AliasNode extends Spanned {
  readonly kind: "alias";
  readonly target: Node;
  readonly flow: boolean;
  readonly indent: number;
}

/** A comment, one line each; the text is what stands behind its mark. */
export interface CommentNode extends Spanned {
  readonly kind: "comment";
  readonly text: string;
}

/** One document; files other than YAML have exactly one. */
export interface ParsedDocument {
  /** Without the metadata. */
  readonly root: MapNode;
  /** The map on top as it stands in the text, with the metadata among its entries. */
  readonly top: MapNode;
  /** The metadata as a map: nested in YAML and JSON, flat in ENV and INI. */
  readonly metadata: MapNode | undefined;
  /** What to cut out to be rid of the metadata. */
  readonly metadataSpan: { readonly start: number; readonly end: number } | undefined;
  /** Where the text of the document ends. */
  readonly end: number;
}

/** A parsed file. */
export interface ParsedFile {
  readonly source: SourceText;
  readonly format: SopsFormat;
  readonly documents: readonly ParsedDocument[];
  /** The values and comments in the order in which sops walks them. */
  readonly entries: readonly Entry[];
}

/** A value or comment on the walk through a file. */
export interface Entry {
  readonly kind: "value" | "comment";
  readonly document: number;
  /** The path of the value; for a comment the path of the map or list it stands in. */
  readonly path: SopsPath;
  readonly plain: Plain;
  readonly start: number;
  readonly end: number;
  /** The node itself; a comment has none. */
  readonly node: ScalarNode | undefined;
  /** The outermost alias it is reached through. */
  readonly alias: AliasNode | undefined;
  /** The comments above it and around it. */
  readonly comments: () => CommentStack;
}

/** A change of the text: what stands in the span is replaced. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * Applies changes that do not overlap.
 *
 * @throws Error where they do; that is a defect
 */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const sorted = edits.toSorted((left, right) => left.start - right.start || left.end - right.end);
  const parts: string[] = [];
  let at = 0;
  for (const edit of sorted) {
    if (edit.start < at) throw new Error("changes of a text overlap");
    parts.push(text.slice(at, edit.start), edit.text);
    at = edit.end;
  }
  parts.push(text.slice(at));
  return parts.join("");
}
