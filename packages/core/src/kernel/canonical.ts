import { createHash } from "node:crypto";

/**
 * Writes a JSON value so that equal values give equal bytes: keys sorted by UTF-16 code units, no spaces,
 * numbers as ECMAScript writes them. This is RFC 8785 for every value that JSON can hold.
 *
 * Purpose: what is hashed. For what people read, use `JSON.stringify` with an indent.
 *
 * @throws TypeError for what JSON cannot hold: `undefined`, functions, symbols, big and infinite numbers,
 * cyclic values
 * @see https://www.rfc-editor.org/rfc/rfc8785
 */
export function canonicalJson(value: unknown): string {
  return write(value, new Set());
}

function write(value: unknown, above: Set<object>): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new TypeError(`JSON has no number ${value}`);
    return JSON.stringify(value);
  }
  if (typeof value !== "object") throw new TypeError(`JSON has no ${typeof value}`);
  if (above.has(value)) throw new TypeError("a cyclic value cannot be written as JSON");
  above.add(value);
  const text = Array.isArray(value)
    ? `[${value.map((item) => write(item, above)).join(",")}]`
    : `{${members(value as Readonly<Record<string, unknown>>, above)}}`;
  above.delete(value);
  return text;
}

function members(map: Readonly<Record<string, unknown>>, above: Set<object>): string {
  return Object.keys(map)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${write(map[key], above)}`)
    .join(",");
}

/** The SHA-256 of bytes, or of a text in UTF-8, as 64 lower-case hexadecimal digits. */
export function digestOf(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
