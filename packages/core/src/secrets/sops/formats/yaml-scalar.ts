import { SCALAR_STYLE, type ScalarEvent } from "js-yaml";
import type { Plain } from "../model.ts";
import { canonical } from "../plain.ts";
import type { SourceText } from "../source-text.ts";
import { resolvePlain } from "./yaml-resolve.ts";

/** Where YAML scalars stand, and what they mean with their tags. */

/** The text that is replaced when a value is, and what has to be written before a value where there is none. */
export interface ScalarSpan {
  readonly start: number;
  readonly end: number;
  readonly lead: string;
}

/** Whether a unit separates tokens; the edge of the text does too. */
export function isSpace(unit: string | undefined): boolean {
  return (
    unit === undefined || unit === " " || unit === "\n" || unit === "\t" || unit === "\r" || unit === "\uFEFF"
  );
}

/** Goes over space, line breaks and comments, and with `commas` over commas. */
export function skipSpace(text: string, from: number, commas = false): number {
  let at = from;
  for (; at < text.length; at++) {
    const unit = text[at];
    if (unit === "#" && isSpace(text[at - 1])) {
      const lineEnd = text.indexOf("\n", at);
      at = lineEnd < 0 ? text.length - 1 : lineEnd;
    } else if (!isSpace(unit) && !(commas && unit === ",")) break;
  }
  return at;
}

/**
 * An empty value stands behind its properties, its colon or its dash.
 *
 * @param properties - the offset behind its tag and anchor, or -1
 * @param cursor - the offset behind the last token
 */
export function emptySpan(text: string, properties: number, cursor: number, flow: boolean): ScalarSpan {
  const start = Math.max(properties, cursor);
  const before = text[start - 1] ?? " ";
  if (isSpace(before)) return { start, end: start, lead: "" };
  const needsColon = flow && properties < cursor && before !== ":";
  return { start, end: start, lead: needsColon ? ": " : " " };
}

/** A value with its quotes, or with the header of its block; blank lines at the end of a block are not in it. */
export function spanOfScalar(source: SourceText, event: ScalarEvent, cursor: number): ScalarSpan {
  const { style, valueStart, valueEnd } = event;
  if (style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED) {
    return { start: valueStart - 1, end: valueEnd + 1, lead: "" };
  }
  if (style === SCALAR_STYLE.PLAIN) return { start: valueStart, end: valueEnd, lead: "" };
  const header = /[|>][-+\d]*/uy;
  header.lastIndex = skipSpace(source.text, Math.max(cursor, event.tagEnd, event.anchorEnd));
  const match = header.exec(source.text);
  if (match === null) {
    throw source.fail("secret.format", "a block of text has no | or >", { offset: valueStart });
  }
  let end = valueEnd;
  while (end > valueStart && isSpace(source.text[end - 1])) end -= 1;
  const headerEnd = match.index + match[0].length;
  return { start: match.index, end: end === valueStart ? headerEnd : end, lead: "" };
}

/**
 * What a scalar means.
 *
 * @param tag - as it is written, or empty
 * @throws LotseError `secret.format` for an unknown tag, or one that the value does not fit
 */
export function interpretScalar(
  source: SourceText,
  text: string,
  tag: string,
  isPlain: boolean,
  offset: number,
): Plain {
  switch (tag) {
    case "":
      return isPlain ? resolvePlain(text) : { type: "str", bytes: Buffer.from(text) };
    case "!":
    case "!!str":
      return { type: "str", bytes: Buffer.from(text) };
    case "!!binary":
      return { type: "str", bytes: Buffer.from(text, "base64") };
    case "!!int":
    case "!!bool":
    case "!!null":
    case "!!float":
    case "!!timestamp": {
      const type = tag === "!!timestamp" ? "time" : tag.slice(2);
      const read = resolvePlain(text);
      if (read.type === type) return read;
      const widened = type === "float" && read.type === "int" ? canonical("float", read.bytes) : undefined;
      if (widened !== undefined) return widened;
      throw source.fail("secret.format", `the value is not what its tag ${tag} says`, {
        offset,
        hint: "correct the value or remove the tag",
      });
    }
    default:
      throw source.fail("secret.format", `the tag ${tag} is not known`, { offset, hint: "remove the tag" });
  }
}
