import type { Budget } from "../limits.ts";
import { splitText } from "../values/search.ts";
import { isSpace, splitWords, stripStart, whitespaceClass } from "../values/text.ts";

/** Python's `str.split`; `limit` < 0 = as often as possible, no separator = white space. */
export function splitFromStart(
  text: string,
  separator: string | undefined,
  limit: number,
  budget: Budget,
): string[] {
  if (separator === undefined) return limit < 0 ? splitWords(text) : splitSpace(text, limit);
  const parts = splitText(text, separator, budget);
  if (limit < 0 || parts.length <= limit + 1) return parts;
  return [...parts.slice(0, limit), parts.slice(limit).join(separator)];
}

function splitSpace(text: string, limit: number): string[] {
  const parts: string[] = [];
  let rest = stripStart(text);
  const gap = new RegExp(`[${whitespaceClass}]+`);
  while (rest !== "" && parts.length < limit) {
    const match = gap.exec(rest);
    if (match === null) {
      parts.push(rest);
      return parts;
    }
    parts.push(rest.slice(0, match.index));
    rest = rest.slice(match.index + match[0].length);
  }
  if (rest !== "") parts.push(rest);
  return parts;
}

/** Python's `str.rsplit`. */
export function splitFromEnd(
  text: string,
  separator: string | undefined,
  limit: number,
  budget: Budget,
): string[] {
  if (limit < 0) return splitFromStart(text, separator, limit, budget);
  if (separator !== undefined) {
    const parts = splitText(text, separator, budget);
    if (parts.length <= limit + 1) return parts;
    const cut = parts.length - limit;
    return [parts.slice(0, cut).join(separator), ...parts.slice(cut)];
  }
  const parts: string[] = [];
  let end = text.length;
  for (;;) {
    while (end > 0 && isSpace(text[end - 1])) end -= 1;
    if (end === 0 || parts.length >= limit) break;
    let start = end;
    while (start > 0 && !isSpace(text[start - 1])) start -= 1;
    parts.push(text.slice(start, end));
    end = start;
  }
  if (end > 0) parts.push(text.slice(0, end));
  return parts.reverse();
}
