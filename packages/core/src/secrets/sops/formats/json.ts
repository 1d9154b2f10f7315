import { formatSopsPath } from "../source-text.ts";
import type { Plain, SopsPath } from "../model.ts";
import { textOfPlainBytes } from "../plain.ts";
import type { SourceText } from "../source-text.ts";
import type { FormatAdapter, MetaMap, Written } from "./adapter.ts";
import { parseJsonNodes } from "./json-parse.ts";
import type { Edit, ListNode, MapNode, ParsedDocument, ParsedFile } from "./parsed.ts";
import { descend, itemsOf } from "./tree.ts";
import { walk } from "./walk.ts";
import { spanOfItem } from "./yaml-layout.ts";
import { dropSpans, metadataKey, readNestedMetadata, splitTop, stampNested, toJson } from "./yaml.ts";

/** JSON files: an object on top, any layout is read and kept; what is new is indented as its neighbours are. */
export const jsonAdapter: FormatAdapter = {
  parse(source, limits) {
    const root = parseJsonNodes(source, limits);
    const documents = [splitTop(source.text, root, root.end)];
    return { source, format: "json", documents, entries: walk(documents, source, limits) };
  },

  readMetadata(parsed) {
    return readNestedMetadata(parsed);
  },

  replace(parsed, entry, value) {
    return { start: entry.start, end: entry.end, text: writeJson(value, parsed.source, entry.path) };
  },

  insert(parsed, document, path, value) {
    return insertValue(parsed, document, path, value);
  },

  remove(parsed, document, path) {
    return removePath(parsed, document, path);
  },

  setMetadata(parsed, metadata) {
    return parsed.documents.map((document) => setMetadata(parsed.source.text, document, metadata));
  },

  expandAliases() {
    return [];
  },

  readBack(plain) {
    if (plain.type === "bytes") return { type: "str", bytes: Buffer.from(plain.bytes.toString("base64")) };
    return plain.type === "time" ? { ...plain, type: "str" } : plain;
  },

  dropMetadata(parsed) {
    return dropSpans(parsed);
  },

  stamp(parsed, fields) {
    return stampNested(parsed, fields, (text) => JSON.stringify(text));
  },
};

function writeJson(value: Written, source: SourceText, path: SopsPath): string {
  if ("sealed" in value) return JSON.stringify(value.sealed);
  return writePlain(value.plain, source, path);
}

function writePlain(plain: Plain, source: SourceText, path: SopsPath): string {
  const text = plain.bytes.toString("latin1");
  switch (plain.type) {
    case "str":
    case "comment":
    case "bytes": {
      const value = plain.type === "bytes" ? plain.bytes.toString("base64") : textOfPlainBytes(plain.bytes);
      if (value !== undefined) return JSON.stringify(value);
      throw unrepresentable(source, path, "a value is not text, and JSON holds text only");
    }
    case "bool":
      return text === "True" ? "true" : "false";
    case "null":
      return "null";
    case "time":
      return JSON.stringify(text);
    case "int":
      return text;
    case "float":
      if (!/^-?[\d.]+$/u.test(text))
        throw unrepresentable(source, path, "a float is infinite or not a number");
      // Written with a fraction, it is read as a float again.
      return text.includes(".") ? text : `${text}.0`;
    default:
      return plain.type satisfies never;
  }
}

function unrepresentable(source: SourceText, path: SopsPath, message: string): Error {
  return source.fail("secret.unrepresentable", message, { path, hint: "keep it in a YAML or binary file" });
}

/** The line break and indentation before each item of an object or list; empty where all stands in one line. */
function marginIn(text: string, owner: MapNode | ListNode, depth: number): string {
  const [first] = itemsOf(owner);
  const from = owner.start + 1;
  const gap = first === undefined ? undefined : text.slice(from, first.start);
  if (gap !== undefined) return /^\s*$/u.test(gap) ? gap : "";
  return text.includes("\n") ? `\n${unitOf(text).repeat(depth)}` : "";
}

/** The indentation of the file's first line within the object. @defaultValue a tab, as sops writes */
function unitOf(text: string): string {
  return /^\s*\{\r?\n([ \t]+)/u.exec(text)?.[1] ?? "\t";
}

function insertValue(parsed: ParsedFile, index: number, path: SopsPath, value: Written): Edit {
  const { source } = parsed;
  const root = parsed.documents[index]?.root;
  const found = root === undefined ? undefined : descend(root, path);
  const isNext =
    found?.owner.kind === "map"
      ? typeof found.rest[0] === "string"
      : found?.rest[0] === itemsOf(found?.owner ?? root!).length;
  if (
    found === undefined ||
    found.item !== undefined ||
    !isNext ||
    found.rest.slice(1).some((key) => typeof key === "number" && key !== 0)
  ) {
    throw source.fail("secret.unrepresentable", `there is no place for a value at ${formatSopsPath(path)}`, {
      path,
      hint: "a value cannot become a map, and a list grows by one at its end",
    });
  }
  const { owner, rest } = found;
  const depth = path.length - rest.length + 1;
  const margin = marginIn(source.text, owner, depth);
  const item = itemText(owner.kind, rest, value, margin, source, path);
  return addItem(source.text, owner, item, margin);
}

function addItem(text: string, owner: MapNode | ListNode, item: string, margin: string): Edit {
  const last = itemsOf(owner).at(-1);
  if (last !== undefined) {
    const comma = margin === "" ? ", " : ",";
    return { start: last.end, end: last.end, text: `${comma}${margin}${item}` };
  }
  const closing = margin.replace(/(?:\t| {1,4})$/u, "");
  const isTight = text.slice(owner.start + 1, owner.end - 1).trim() === "";
  const at = owner.start + 1;
  // What else may stand in an object without entries is its metadata.
  return isTight
    ? { start: at, end: owner.end - 1, text: `${margin}${item}${closing}` }
    : { start: at, end: at, text: `${margin}${item},` };
}

function itemText(
  owner: "map" | "list",
  path: SopsPath,
  value: Written,
  margin: string,
  source: SourceText,
  whole: SopsPath,
): string {
  const [key = "", ...rest] = path;
  const [next] = rest;
  const inner = margin === "" ? "" : margin + unitOf(source.text);
  const kind = typeof next === "number" ? "list" : "map";
  const [open, close] = kind === "list" ? ["[", "]"] : ["{", "}"];
  const written =
    next === undefined
      ? writeJson(value, source, whole)
      : `${open}${inner}${itemText(kind, rest, value, inner, source, whole)}${margin}${close}`;
  return owner === "map" ? `${JSON.stringify(String(key))}: ${written}` : written;
}

function removePath(parsed: ParsedFile, index: number, path: SopsPath): Edit {
  const { source } = parsed;
  const root = parsed.documents[index]?.root;
  const found = root === undefined ? undefined : descend(root, path);
  if (found?.item === undefined || found.rest.length !== 1) {
    throw source.fail("secret.not-found", `there is nothing at ${formatSopsPath(path)}`, { path });
  }
  const document = parsed.documents[index];
  const owner = found.owner === document?.root ? document.top : found.owner;
  return { ...spanOfItem(source.text, owner, found.item), text: "" };
}

function setMetadata(text: string, document: ParsedDocument, metadata: MetaMap): Edit {
  const { root } = document;
  const margin = marginIn(text, root, 1);
  const unit = margin === "" ? "" : unitOf(text);
  const json = JSON.stringify(toJson(metadata), undefined, unit).replaceAll(
    "\n",
    margin === "" ? " " : margin,
  );
  if (document.metadata !== undefined)
    return { start: document.metadata.start, end: document.metadata.end, text: json };
  return addItem(text, root, `"${metadataKey}": ${json}`, margin);
}
