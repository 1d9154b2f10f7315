import type { Budget } from "../limits.ts";

/** Strings as Python sees them: sequences of code points. Most have no surrogates and need no copy. */

const surrogate = /[\ud800-\udfff]/;

/** Whether UTF-16 units and code points differ. */
function hasSurrogates(text: string): boolean {
  return surrogate.test(text);
}

/** Number of code points. */
export function textLength(text: string): number {
  if (!surrogate.test(text)) return text.length;
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}

/** The code points one by one; a plain string where that is the same. A copy is booked. */
export function codePoints(text: string, budget?: Budget): string | string[] {
  if (!surrogate.test(text)) return text;
  budget?.charge(text.length / 2);
  return Array.from(text);
}

/** Code points `start` to `end`, both within the text. */
export function textSlice(text: string, start: number, end?: number): string {
  const points = codePoints(text);
  return typeof points === "string" ? points.slice(start, end) : points.slice(start, end).join("");
}

/** Python's white space as inside of a character class; JavaScript's `\s` is another set. */
export const whitespaceClass =
  "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";

const space = new RegExp(`[${whitespaceClass}]`);

/** Whether one character is white space to Python. */
export function isSpace(char: string | undefined): boolean {
  return char !== undefined && space.test(char);
}

/** Whether a character is to be stripped: one of the given, or white space. */
function stripTest(chars: string | undefined): (char: string) => boolean {
  if (chars === undefined) return isSpace;
  const set = new Set(chars);
  return (char) => set.has(char);
}

/** Python's `str.lstrip`: of the given characters, or of white space. */
export function stripStart(text: string, chars?: string): string {
  let start = 0;
  if (chars !== undefined && hasSurrogates(text + chars)) {
    const points = Array.from(text);
    const set = new Set(chars);
    while (start < points.length && set.has(points[start] ?? "")) start += 1;
    return points.slice(start).join("");
  }
  const strips = stripTest(chars);
  while (start < text.length && strips(text.charAt(start))) start += 1;
  return text.slice(start);
}

/** Python's `str.rstrip`: of the given characters, or of white space. */
export function stripEnd(text: string, chars?: string): string {
  let end = text.length;
  if (chars !== undefined && hasSurrogates(text + chars)) {
    const points = Array.from(text);
    const set = new Set(chars);
    end = points.length;
    while (end > 0 && set.has(points[end - 1] ?? "")) end -= 1;
    return points.slice(0, end).join("");
  }
  const strips = stripTest(chars);
  while (end > 0 && strips(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/** What ends a line for `str.splitlines`, as inside of a character class. */
const lineBreakClass = "\\n\\r\\v\\f\\x1c-\\x1e\\x85\\u2028\\u2029";
const lineBreak = new RegExp(`\r\n|[${lineBreakClass}]`, "g");

/** Python's `str.splitlines`. */
export function splitLines(text: string, keepEnds = false): string[] {
  const lines: string[] = [];
  let start = 0;
  for (const match of text.matchAll(lineBreak)) {
    const end = match.index + match[0].length;
    lines.push(text.slice(start, keepEnds ? end : match.index));
    start = end;
  }
  if (start < text.length) lines.push(text.slice(start));
  return lines;
}

/** Python's `str.split()` without separator: words between white space. */
export function splitWords(text: string): string[] {
  return text.split(new RegExp(`[${whitespaceClass}]+`)).filter((word) => word !== "");
}

/** First character of each run of letters upper, the rest lower: Python's `str.title`. */
export function titleCase(text: string): string {
  let previousCased = false;
  let result = "";
  for (const char of text) {
    result += previousCased ? char.toLowerCase() : capitalizeChar(char);
    previousCased = /\p{L}/u.test(char) && char.toLowerCase() !== char.toUpperCase();
  }
  return result;
}

/** First character upper, the rest lower: Python's `str.capitalize`. */
export function capitalize(text: string): string {
  const first = String.fromCodePoint(...(text === "" ? [] : [text.codePointAt(0) ?? 0]));
  return capitalizeChar(first) + text.slice(first.length).toLowerCase();
}

function capitalizeChar(char: string): string {
  const upper = char.toUpperCase();
  return upper.length > char.length && upper.length > 1
    ? upper.charAt(0) + upper.slice(1).toLowerCase()
    : upper;
}
