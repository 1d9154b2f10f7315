import type { SopsLimits } from "../limits.ts";
import { formatSopsPath, type SourceText } from "../source-text.ts";
import type { SopsPath } from "../model.ts";
import type { FormatAdapter, MetaMap, Written } from "./adapter.ts";
import type { Edit, Entry, ListItem, MapEntry, MapNode, Node, ParsedDocument, ParsedFile } from "./parsed.ts";
import { descend, entryOf, itemsOf, metaMapOf } from "./tree.ts";
import { walk } from "./walk.ts";
import { placeComments } from "./yaml-comments.ts";
import {
  blockItem,
  blockMeta,
  endsLine,
  flowItem,
  lineStart,
  nextLine,
  spanOfItem,
  stepOf,
  writeValue,
} from "./yaml-layout.ts";
import { parseYamlNodes, type RawDocument } from "./yaml-parse.ts";
import { isSpace } from "./yaml-scalar.ts";

/** The key that metadata stands under in YAML and JSON. */
export const metadataKey = "sops";

/** YAML files: any layout is read and kept; what is new is written as sops does. */
export const yamlAdapter: FormatAdapter = {
  parse(source, limits) {
    return parseYaml(source, limits);
  },

  readMetadata(parsed) {
    return readNestedMetadata(parsed);
  },

  replace(parsed, entry, value) {
    return replaceEntry(parsed, entry, value);
  },

  insert(parsed, document, path, value) {
    return insertValue(parsed, document, path, value);
  },

  remove(parsed, document, path) {
    return removePath(parsed, document, path);
  },

  setMetadata(parsed, metadata) {
    return parsed.documents.map((document) => setMetadata(parsed, document, metadata));
  },

  expandAliases(parsed) {
    const edits = new Map<number, Edit>();
    for (const { root } of parsed.documents) collectAliases(root, edits);
    return [...edits.values()];
  },

  readBack(plain) {
    return plain.type === "bytes" ? { ...plain, type: "str" } : plain;
  },

  dropMetadata(parsed) {
    return dropSpans(parsed);
  },

  stamp(parsed, fields) {
    return stampNested(parsed, fields, (text, flow) =>
      text.startsWith("ENC[") && !flow ? text : JSON.stringify(text),
    );
  },
};

function parseYaml(source: SourceText, limits: SopsLimits): ParsedFile {
  if (source.text.startsWith("\uFEFF")) {
    throw source.fail("secret.format", "the file starts with a byte-order mark", {
      offset: 0,
      hint: "save it without",
    });
  }
  const raw = parseYamlNodes(source, limits);
  placeComments(source.text, raw.documents, raw.opaque);
  const documents =
    raw.documents.length === 0
      ? [emptyDocument(source.text.length)]
      : raw.documents.map((document, index) => split(source.text, document, raw.documents[index + 1]));
  return { source, format: "yaml", documents, entries: walk(documents, source, limits) };
}

function emptyDocument(end: number): ParsedDocument {
  const root = emptyRoot(end);
  return { root, top: root, metadata: undefined, metadataSpan: undefined, end };
}

function emptyRoot(at: number): MapNode {
  return { kind: "map", items: [], start: at, end: at, flow: false, indent: 0 };
}

/** Takes the metadata out of the tree, and finds where the document's text ends. */
function split(text: string, raw: RawDocument, following: RawDocument | undefined): ParsedDocument {
  const end = textEnd(text, raw.end, following !== undefined);
  return raw.root === undefined ? emptyDocument(end) : splitTop(text, raw.root, end);
}

/** Takes the metadata of YAML and JSON out of the map on top. */
export function splitTop(text: string, top: MapNode, end: number): ParsedDocument {
  const entry = entryOf(top, metadataKey);
  if (entry === undefined) return { root: top, top, metadata: undefined, metadataSpan: undefined, end };
  const isAlone = top.flow && itemsOf(top).length === 1;
  return {
    root: { ...top, items: top.items.filter((item) => item !== entry) },
    top,
    // What is not a map is found out when it is read.
    metadata: entry.value.kind === "map" ? entry.value : { ...emptyRoot(entry.value.start), items: [entry] },
    metadataSpan: isAlone ? { start: top.start + 1, end: top.end - 1 } : spanOfItem(text, top, entry),
    end,
  };
}

/** A document ends before the line with `---` or `...`, or with the file. */
function textEnd(text: string, from: number, hasFollowing: boolean): number {
  const marker = hasFollowing ? /^(?:---|\.\.\.)(?=\s|$)/gmu : /^\.\.\.(?=\s|$)/gmu;
  marker.lastIndex = from;
  return marker.exec(text)?.index ?? text.length;
}

/** The metadata of YAML and JSON files, from the first document. */
export function readNestedMetadata(parsed: ParsedFile): MetaMap | undefined {
  const [first] = parsed.documents;
  return first?.metadata === undefined ? undefined : metaMapOf(first.metadata, parsed.source);
}

/** Cuts out the metadata of every document. */
export function dropSpans(parsed: ParsedFile): readonly Edit[] {
  return parsed.documents.flatMap(({ metadataSpan }) =>
    metadataSpan === undefined ? [] : [{ ...metadataSpan, text: "" }],
  );
}

/** Replaces scalars of the metadata in place. */
export function stampNested(
  parsed: ParsedFile,
  fields: ReadonlyMap<string, string>,
  write: (text: string, flow: boolean) => string,
): readonly Edit[] {
  const edits: Edit[] = [];
  for (const document of parsed.documents) {
    for (const [key, value] of fields) {
      const entry = entryOf(document.metadata, key);
      if (entry?.value.kind !== "scalar") continue;
      edits.push({ start: entry.value.start, end: entry.value.end, text: write(value, entry.value.flow) });
    }
  }
  return edits;
}

function replaceEntry(parsed: ParsedFile, entry: Entry, value: Written): Edit {
  const { text } = parsed.source;
  const { start, end } = entry;
  if (entry.kind === "comment") {
    const comment = "sealed" in value ? value.sealed : value.plain.bytes.toString("utf8");
    return { start, end, text: `#${comment.replaceAll(/[\r\n]+/gu, " ")}` };
  }
  const { node } = entry;
  if (node === undefined) throw new Error("a value has no node");
  const written = writeValue(value, { flow: node.flow, indent: node.indent, endsLine: endsLine(text, end) });
  return { start, end, text: `${node.lead}${written}` };
}

function insertValue(parsed: ParsedFile, index: number, path: SopsPath, value: Written): Edit {
  const { source } = parsed;
  const document = parsed.documents[index];
  if (document === undefined) {
    throw source.fail("secret.unrepresentable", `the file has no document ${index}`, { path });
  }
  const { owner, rest, item } = descend(document.root, path);
  const last = itemsOf(owner).at(-1);
  const isNext = owner.kind === "map" ? typeof rest[0] === "string" : rest[0] === itemsOf(owner).length;
  if (item !== undefined || !isNext || rest.slice(1).some((key) => key !== 0 && typeof key === "number")) {
    throw source.fail("secret.unrepresentable", `there is no place for a value at ${formatSopsPath(path)}`, {
      path,
      hint: "a value cannot become a map, and a list grows by one at its end",
    });
  }
  if (owner.flow) {
    const at = last?.end ?? owner.start + 1;
    const item = flowItem(owner.kind, rest, value);
    if (last !== undefined) return { start: at, end: at, text: `, ${item}` };
    const isBeforeMetadata = owner === document.root && document.metadata !== undefined;
    return { start: at, end: at, text: isBeforeMetadata ? `${item}, ` : item };
  }
  const at =
    last === undefined ? (document.metadataSpan?.start ?? document.end) : nextLine(source.text, last.end);
  const lines = blockItem(owner.kind, rest, value, owner.indent, stepOf(document.root));
  return { start: at, end: at, text: `${openLine(source.text, at)}${lines}` };
}

function openLine(text: string, at: number): string {
  return at === 0 || text[at - 1] === "\n" ? "" : "\n";
}

function removePath(parsed: ParsedFile, index: number, path: SopsPath): Edit {
  const { source } = parsed;
  const document = parsed.documents[index];
  const found = document === undefined ? undefined : descend(document.root, path);
  if (found?.item === undefined || found.rest.length !== 1) {
    throw source.fail("secret.not-found", `there is nothing at ${formatSopsPath(path)}`, { path });
  }
  const { owner, item, holder } = found;
  if (itemsOf(owner).length > 1 || owner.flow || holder === undefined) {
    return { ...spanOfItem(source.text, owner === document?.root ? document.top : owner, item), text: "" };
  }
  // A map without keys would be read as null.
  const end = lineEndBefore(source.text, item.end);
  const brackets = owner.kind === "map" ? "{}" : "[]";
  if (owner.kind === "map" && holder.kind === "item") return { start: owner.start, end, text: brackets };
  const mark = behindMark(source.text, owner.start);
  // Behind a comment the brackets get a line of their own.
  return mark === undefined
    ? { start: owner.start, end, text: `  ${brackets}` }
    : { start: mark, end, text: ` ${brackets}` };
}

/** Goes back over space to what a map or list hangs on, unless a comment stands there. */
function behindMark(text: string, start: number): number | undefined {
  let at = start;
  while (at > 0 && isSpace(text[at - 1])) at -= 1;
  return text.slice(lineStart(text, at), at).includes("#") ? undefined : at;
}

function lineEndBefore(text: string, offset: number): number {
  return offset > 0 && text[offset - 1] === "\n" ? offset - 1 : offset;
}

function collectAliases(node: Node, into: Map<number, Edit>): void {
  if (node.kind === "alias") {
    into.set(node.start, { start: node.start, end: node.end, text: flowText(node.target) });
  } else if (node.kind !== "scalar") {
    for (const item of itemsOf(node)) collectAliases(item.value, into);
  }
}

/** Writes a node within brackets, aliases written out. */
function flowText(node: Node): string {
  switch (node.kind) {
    case "alias":
      return flowText(node.target);
    case "scalar":
      return writeValue({ plain: node.plain }, { flow: true, indent: -1, endsLine: false });
    case "list":
      return `[${itemsOf(node)
        .map((item) => flowText(item.value))
        .join(", ")}]`;
    case "map": {
      const items = itemsOf(node).map((item) => `${keyText(item)}: ${flowText(item.value)}`);
      return `{${items.join(", ")}}`;
    }
    default:
      return node satisfies never;
  }
}

function keyText(item: MapEntry | ListItem): string {
  if (item.kind === "item") throw new Error("a map has no list items");
  return item.key === "<<" ? item.key : JSON.stringify(item.key);
}

function setMetadata(parsed: ParsedFile, document: ParsedDocument, metadata: MetaMap): Edit {
  const { text } = parsed.source;
  const { root, metadataSpan } = document;
  if (root.flow) {
    const last = itemsOf(root).at(-1);
    const json = `"${metadataKey}": ${JSON.stringify(toJson(metadata))}`;
    if (metadataSpan !== undefined)
      return { ...metadataSpan, text: flowReplacement(text, metadataSpan, json) };
    const at = last?.end ?? root.start + 1;
    return { start: at, end: at, text: last === undefined ? json : `, ${json}` };
  }
  const lines = blockMeta(new Map([[metadataKey, metadata]]), root.indent);
  if (metadataSpan !== undefined) return { ...metadataSpan, text: lines };
  return { start: document.end, end: document.end, text: `${openLine(text, document.end)}${lines}` };
}

/** The span of a key within brackets holds the comma before or behind it, which has to stay. */
function flowReplacement(text: string, span: { start: number; end: number }, json: string): string {
  const old = text.slice(span.start, span.end);
  const isGap = (unit: string | undefined): boolean => unit === "," || isSpace(unit);
  let from = 0;
  while (from < old.length && isGap(old[from])) from += 1;
  let to = old.length;
  while (to > from && isGap(old[to - 1])) to -= 1;
  return `${old.slice(0, from)}${json}${old.slice(to)}`;
}

/** Metadata as JavaScript has JSON; keys come from this program or passed the metadata schema. */
export function toJson(value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, inner]) => [key, toJson(inner)]));
  return Array.isArray(value) ? value.map(toJson) : value;
}
