import type { Plain, PlainScalar, PlainType, TypedScalar } from "./model.ts";

/**
 * Conversions between JavaScript values and the canonical bytes that sops encrypts and hashes: integers in
 * decimal, floats without an exponent, `True` and `False`, times in RFC 3339
 * (https://github.com/getsops/sops/blob/main/sops.go, `ToBytes`).
 */

const minInt = -(2n ** 63n);
const maxInt = 2n ** 63n - 1n;
const timePattern =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/u;

/** Writes a float as Go's `FormatFloat(value, 'f', -1, 64)` does: the shortest digits that read back, no exponent. */
export function formatFloat(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  if (Object.is(value, -0)) return "-0";
  const text = String(value);
  const match = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/u.exec(text);
  if (match === null) return text;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match;
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  if (point >= digits.length) return `${sign}${digits}${"0".repeat(point - digits.length)}`;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** Reads what Go's `ParseFloat` reads of the decimal forms, or `undefined`. */
export function parseFloatText(text: string): number | undefined {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/u.test(text)) return Number(text);
  const special = /^([+-]?)(?:inf|infinity)$/iu.exec(text);
  if (special !== null) return special[1] === "-" ? -Infinity : Infinity;
  return /^nan$/iu.test(text) ? Number.NaN : undefined;
}

/** Whether a text is a time in RFC 3339. */
export function isTime(text: string): boolean {
  return timePattern.test(text) && !Number.isNaN(Date.parse(text));
}

/**
 * Brings the plaintext of a value into its canonical form.
 *
 * @returns `undefined` where the bytes are not of the type
 */
export function canonical(type: PlainType, bytes: Buffer): Plain | undefined {
  if (type === "str" || type === "comment" || type === "bytes") return { type, bytes };
  const text = bytes.toString("latin1");
  switch (type) {
    case "int": {
      if (!/^[+-]?\d{1,40}$/u.test(text)) return undefined;
      const value = BigInt(text.replace("+", ""));
      return value < minInt || value > maxInt ? undefined : { type, bytes: Buffer.from(String(value)) };
    }
    case "float": {
      const value = parseFloatText(text);
      return value === undefined ? undefined : { type, bytes: Buffer.from(formatFloat(value)) };
    }
    case "bool":
      if (/^(?:1|t|T|true|TRUE|True)$/u.test(text)) return { type, bytes: Buffer.from("True") };
      return /^(?:0|f|F|false|FALSE|False)$/u.test(text) ? { type, bytes: Buffer.from("False") } : undefined;
    case "time":
      return isTime(text) ? { type, bytes } : undefined;
    case "null":
      return { type, bytes: Buffer.alloc(0) };
    default:
      return type satisfies never;
  }
}

/**
 * The canonical form of a JavaScript value. A number that is an integer becomes `int`, any other `float`; say
 * the type where that is not meant.
 *
 * @returns `undefined` where the value is not of the type that is said, or an integer has more than 64 bits
 */
export function plainOf(value: PlainScalar | TypedScalar): Plain | undefined {
  if (isTyped(value)) return plainOfType(value.type, value.value);
  if (value === null) return { type: "null", bytes: Buffer.alloc(0) };
  switch (typeof value) {
    case "string":
      return { type: "str", bytes: Buffer.from(value.toWellFormed()) };
    case "bigint":
      return plainOfType("int", value);
    case "number":
      return plainOfType(Number.isSafeInteger(value) && !Object.is(value, -0) ? "int" : "float", value);
    case "boolean":
      return plainOfType("bool", value);
    default:
      return { type: "str", bytes: Buffer.from(value) };
  }
}

function isTyped(value: PlainScalar | TypedScalar): value is TypedScalar {
  return typeof value === "object" && value !== null && !(value instanceof Uint8Array);
}

function plainOfType(type: PlainType, value: PlainScalar): Plain | undefined {
  if (value instanceof Uint8Array) return canonical(type, Buffer.from(value));
  if (type === "float" && typeof value === "number") return { type, bytes: Buffer.from(formatFloat(value)) };
  if (type === "null" && value !== null) return undefined;
  return canonical(type, Buffer.from(String(value ?? "").toWellFormed()));
}

/** The JavaScript value of a canonical one. */
export function valueOf(plain: Plain): PlainScalar {
  switch (plain.type) {
    case "str":
    case "comment":
      return textOrBytes(plain.bytes);
    case "bytes":
      return Uint8Array.from(plain.bytes);
    case "int": {
      const value = BigInt(plain.bytes.toString("latin1"));
      return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
    }
    case "float":
      return parseFloatText(plain.bytes.toString("latin1")) ?? Number.NaN;
    case "bool":
      return plain.bytes.toString("latin1") === "True";
    case "time":
      return plain.bytes.toString("latin1");
    case "null":
      return null;
    default:
      return plain.type satisfies never;
  }
}

/** The text of a value as a program's environment wants it: `true` and `false`, numbers in decimal, null empty. */
export function textOfValue(value: PlainScalar): string {
  if (value === null) return "";
  if (value instanceof Uint8Array) return Buffer.from(value).toString("utf8");
  return typeof value === "number" ? formatFloat(value) : String(value);
}

/** The text of a plaintext, or `undefined` where it is not UTF-8. */
export function textOfPlainBytes(bytes: Buffer): string | undefined {
  const text = bytes.toString("utf8");
  if (!text.includes("\uFFFD")) return text;
  return Buffer.from(text).equals(bytes) ? text : undefined;
}

function textOrBytes(bytes: Buffer): string | Uint8Array {
  return textOfPlainBytes(bytes) ?? Uint8Array.from(bytes);
}

/** Whether two canonical values are the same. */
export function samePlain(left: Plain, right: Plain): boolean {
  return left.type === right.type && left.bytes.equals(right.bytes);
}
