import { TemplateSyntaxError } from "../errors.ts";
import { makeFloat } from "../values/float.ts";
import { normalizeInt, parseDecimal } from "../values/numbers.ts";
import type { Value } from "../values/object.ts";

/** Value of a number token: digits with `_`, a base prefix, a point or an exponent. */
export function parseNumber(text: string): Value {
  const digits = text.replaceAll("_", "").toLowerCase();
  if (/^0[box]/.test(digits)) return normalizeInt(BigInt(digits));
  if (/[.e]/.test(digits)) return makeFloat(Number(digits));
  return parseDecimal(digits);
}

const simpleEscapes: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["t", "\t"],
  ["r", "\r"],
  ["a", "\x07"],
  ["b", "\b"],
  ["f", "\f"],
  ["v", "\v"],
  ["\\", "\\"],
  ["'", "'"],
  ['"', '"'],
  ["\n", ""],
]);

const escape = /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([^]))/g;

/**
 * Decodes the inside of a quoted string by Python's escapes.
 * @throws {@link TemplateSyntaxError} for `\x`, `\u` and `\U` without their digits, and for `\N`.
 */
export function decodeString(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(escape, (whole, octal?: string, x?: string, u?: string, U?: string, char?: string) => {
    if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
    const hex = x ?? u ?? U;
    if (hex !== undefined) return decodeCode(Number.parseInt(hex, 16));
    if (char !== undefined && "xuUN".includes(char)) {
      throw new TemplateSyntaxError(`the escape \\${char} in a string is not complete`);
    }
    return simpleEscapes.get(char ?? "") ?? whole;
  });
}

function decodeCode(code: number): string {
  if (code > 0x10ffff) throw new TemplateSyntaxError("illegal Unicode character in a string");
  return String.fromCodePoint(code);
}
