import type { Budget } from "../limits.ts";

/**
 * Finding one text in another. JavaScript's own search takes time by the product of both lengths at worst, which a
 * template can ask for; above a certain product, Knuth, Morris and Pratt's is used, which takes time by their sum.
 */

/** Product of the lengths up to which JavaScript's search is quick whatever the texts are. */
const quickProduct = 262_144;

/** Offset of the first `part` at or after `from`; -1 = none. Books the work. */
export function indexOfText(text: string, part: string, from: number, budget: Budget): number {
  const length = Math.max(0, text.length - from);
  if (isQuick(length, part.length, budget)) return text.indexOf(part, from);
  const borders = bordersOf(part);
  let matched = 0;
  for (let i = from; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    while (matched > 0 && part.charCodeAt(matched) !== code) matched = borders[matched - 1] ?? 0;
    if (part.charCodeAt(matched) === code) matched += 1;
    if (matched === part.length) return i - matched + 1;
  }
  return -1;
}

/** Offset of the last `part`; -1 = none. Books the work. */
export function lastIndexOfText(text: string, part: string, budget: Budget): number {
  if (isQuick(text.length, part.length, budget)) return text.lastIndexOf(part);
  let last = -1;
  for (const at of matches(text, part, bordersOf(part), true)) last = at;
  return last;
}

/** `text.split(separator)` for a separator that is not empty. Books the work and the parts. */
export function splitText(text: string, separator: string, budget: Budget): string[] {
  if (isQuick(text.length, separator.length, budget)) {
    const parts = text.split(separator);
    budget.charge(parts.length);
    return parts;
  }
  const parts: string[] = [];
  let start = 0;
  for (const at of matches(text, separator, bordersOf(separator), false)) {
    parts.push(text.slice(start, at));
    start = at + separator.length;
  }
  parts.push(text.slice(start));
  budget.charge(parts.length);
  return parts;
}

/** Books a search; whether JavaScript's own will do. */
function isQuick(textLength: number, partLength: number, budget: Budget): boolean {
  const product = textLength * partLength;
  if (partLength <= 2 || product <= quickProduct) {
    budget.charge(1 + textLength / 16 + product / 512);
    return true;
  }
  budget.charge(1 + (textLength + partLength) / 8);
  return false;
}

/** Lengths of the longest proper borders of all beginnings of `part`. */
function bordersOf(part: string): Uint32Array {
  const borders = new Uint32Array(part.length);
  let border = 0;
  for (let i = 1; i < part.length; i += 1) {
    const code = part.charCodeAt(i);
    while (border > 0 && part.charCodeAt(border) !== code) border = borders[border - 1] ?? 0;
    if (part.charCodeAt(border) === code) border += 1;
    borders[i] = border;
  }
  return borders;
}

function* matches(text: string, part: string, borders: Uint32Array, overlapping: boolean): Generator<number> {
  let matched = 0;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    while (matched > 0 && part.charCodeAt(matched) !== code) matched = borders[matched - 1] ?? 0;
    if (part.charCodeAt(matched) === code) matched += 1;
    if (matched < part.length) continue;
    yield i - matched + 1;
    matched = overlapping ? (borders[matched - 1] ?? 0) : 0;
  }
}
