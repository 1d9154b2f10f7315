import { canonical, formatFloat, isTime } from "../plain.ts";
import type { Plain } from "../model.ts";

/**
 * Reads a plain YAML scalar as go-yaml v3 does, which is what sops reads with: YAML 1.2 with the octals,
 * underscores and timestamps of 1.1 (https://github.com/go-yaml/yaml/blob/v3/resolve.go).
 */

const words: ReadonlyMap<string, Plain> = new Map([
  ...["true", "True", "TRUE"].map((word) => [word, make("bool", "True")] as const),
  ...["false", "False", "FALSE"].map((word) => [word, make("bool", "False")] as const),
  ...["", "~", "null", "Null", "NULL"].map((word) => [word, make("null", "")] as const),
  ...[".nan", ".NaN", ".NAN"].map((word) => [word, make("float", "NaN")] as const),
  ...[".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"].map(
    (word) => [word, make("float", "+Inf")] as const,
  ),
  ...["-.inf", "-.Inf", "-.INF"].map((word) => [word, make("float", "-Inf")] as const),
]);

const floatPattern = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/u;
const integerPattern = /^([-+]?)(0[xX][\da-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]*|[1-9]\d*)$/u;
const datePattern = /^(\d{4})-(\d{1,2})-(\d{1,2})$/u;
const timePattern =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt]| )(\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})?$/u;

/** What a plain scalar means. */
export function resolvePlain(text: string): Plain {
  // What most values of an encrypted file are.
  if (text.startsWith("ENC[")) return make("str", text);
  const word = words.get(text);
  if (word !== undefined) return word;
  const first = text.codePointAt(0) ?? 0;
  if (text[0] === ".") return dotted(text) ?? make("str", text);
  const isNumberLike = (first >= 48 && first <= 57) || text[0] === "+" || text[0] === "-";
  return (isNumberLike ? numberLike(text) : undefined) ?? make("str", text);
}

/** Whether the YAML 1.1 of older readers takes a text for something else than a text. */
export function isAmbiguous(text: string): boolean {
  return (
    resolvePlain(text).type !== "str" ||
    /^(?:y|yes|n|no|on|off|<<|=)$/iu.test(text) ||
    /^[-+]?[\d_]+(?::[0-5]?\d)+(?:\.[\d_]*)?$/u.test(text) ||
    /^[-+.]?\d[\d_,.]*(?:[eE][-+]?\d+)?$/u.test(text) ||
    /^[-+]?0[xob]/iu.test(text)
  );
}

function make(type: Plain["type"], text: string): Plain {
  return { type, bytes: Buffer.from(text) };
}

function dotted(text: string): Plain | undefined {
  return floatPattern.test(text) ? make("float", formatFloat(Number(text))) : undefined;
}

function numberLike(text: string): Plain | undefined {
  const time = timestamp(text);
  if (time !== undefined) return make("time", time);
  const digits = text.replaceAll("_", "");
  const integer = readInteger(digits);
  if (integer !== undefined) {
    // Beyond 64 bits go-yaml reads on as a float.
    const plain = canonical("int", Buffer.from(String(integer)));
    if (plain !== undefined) return plain;
  }
  return floatPattern.test(digits) ? make("float", formatFloat(Number(digits))) : undefined;
}

function readInteger(text: string): bigint | undefined {
  const match = integerPattern.exec(text);
  if (match === null) return undefined;
  const [, sign, digits = ""] = match;
  const isOldOctal = /^0[0-7]+$/u.test(digits);
  const value = BigInt(isOldOctal ? `0o${digits.slice(1)}` : digits);
  return sign === "-" ? -value : value;
}

/** A date or time in the forms of YAML 1.1, as RFC 3339. */
function timestamp(text: string): string | undefined {
  const date = datePattern.exec(text);
  if (date !== null) return checked(`${dateOf(date)}T00:00:00Z`);
  const time = timePattern.exec(text);
  if (time === null) return undefined;
  const [, , , , hour = "", minute = "", second = "", fraction = "", zone] = time;
  // With a space between date and time go-yaml takes no zone; with a T it wants one.
  if (/[Tt]/u.test(text) === (zone === undefined)) return undefined;
  const kept = fraction.replace(/\.?0+$/u, "");
  const clock = [hour, minute, second].map((part) => part.padStart(2, "0")).join(":");
  return checked(`${dateOf(time)}T${clock}${kept}${zone ?? "Z"}`);
}

function dateOf(match: RegExpExecArray): string {
  return `${match[1] ?? ""}-${(match[2] ?? "").padStart(2, "0")}-${(match[3] ?? "").padStart(2, "0")}`;
}

function checked(text: string): string | undefined {
  if (!isTime(text)) return undefined;
  const day = Number(text.slice(8, 10));
  const month = Number(text.slice(5, 7));
  const days = new Date(Date.UTC(Number(text.slice(0, 4)), month, 0)).getUTCDate();
  return day <= days ? text : undefined;
}
