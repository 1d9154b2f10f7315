import type { Plain } from "../model.ts";
import { textOfPlainBytes } from "../plain.ts";
import type { SourceText } from "../source-text.ts";
import type { MapEntry, MapNode, ParsedDocument, ScalarNode } from "./parsed.ts";

/** What ENV and INI files have in common: they are read line by line, and every value is a text. */

/** A line without its line break. */
export interface Line {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** The start of the line behind it. */
  readonly next: number;
}

/** Splits a text at line feeds; a carriage return before one is part of the line. */
export function linesOf(text: string): readonly Line[] {
  const lines: Line[] = [];
  for (let start = 0; start < text.length;) {
    const lineFeed = text.indexOf("\n", start);
    const end = lineFeed < 0 ? text.length : lineFeed;
    const next = lineFeed < 0 ? text.length : lineFeed + 1;
    lines.push({ text: text.slice(start, end), start, end, next });
    start = next;
  }
  return lines;
}

/** A text value at a place of a line. */
export function textNode(value: string, start: number, end: number): ScalarNode {
  const plain: Plain = { type: "str", bytes: Buffer.from(value) };
  return { kind: "scalar", plain, start, end, flow: false, lead: "", indent: 0, anchored: false };
}

/** A map of lines. */
export function lineMap(items: MapNode["items"], start: number, end: number): MapNode {
  return { kind: "map", items, start, end, flow: false, indent: 0 };
}

/** The one document of a file of lines. */
export function lineDocument(root: MapNode, metadata: readonly MapEntry[], end: number): ParsedDocument {
  const [first] = metadata;
  return {
    root,
    top: root,
    metadata: first === undefined ? undefined : lineMap([...metadata], first.start, end),
    metadataSpan: first === undefined ? undefined : { start: first.start, end: first.end },
    end,
  };
}

/** A value as text: all that these formats hold. @throws LotseError `secret.unrepresentable` */
export function lineText(plain: Plain, source: SourceText): string {
  if (plain.type === "bool") return plain.bytes.toString("latin1") === "True" ? "true" : "false";
  const text = plain.type === "bytes" ? plain.bytes.toString("base64") : textOfPlainBytes(plain.bytes);
  if (text !== undefined && !text.includes("\0")) return text;
  throw source.fail("secret.unrepresentable", "a value is not text, and the format holds text only", {
    hint: "keep it in a YAML or binary file",
  });
}

/** Every value comes back as a text, whatever it was. */
export function readBackText(plain: Plain, text: string): Plain {
  return { type: plain.type === "comment" ? "comment" : "str", bytes: Buffer.from(text) };
}
