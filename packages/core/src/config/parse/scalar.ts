import type { ScalarKind, ScalarValue } from "../model/node.ts";

/** A plain text read as a value: its kind, its value, and its text where JavaScript would print another. */
export interface ReadScalar {
  readonly kind: Exclude<ScalarKind, "secret">;
  readonly value: Exclude<ScalarValue, object> | null;
  readonly text: string | undefined;
}

const number = /^-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/u;

/**
 * Reads an unquoted text. A number is what JSON calls a number; `true`, `false` and `null` are read as in
 * the core schema of YAML 1.2 (section 10.3.2). Everything else is text, and so is all that YAML 1.1 and 1.2
 * read differently: `no`, `012`, `0x1f`, `1_000`, `12:30`.
 */
export function readPlain(source: string): ReadScalar {
  switch (source) {
    case "":
    case "~":
    case "null":
    case "Null":
    case "NULL":
      return { kind: "null", value: null, text: undefined };
    case "true":
    case "True":
    case "TRUE":
      return { kind: "boolean", value: true, text: undefined };
    case "false":
    case "False":
    case "FALSE":
      return { kind: "boolean", value: false, text: undefined };
    default:
      return readNumber(source) ?? { kind: "string", value: source, text: undefined };
  }
}

/** Reads a JSON number and keeps how it was written; `undefined` for anything else, and beyond a double's range. */
export function readNumber(source: string): ReadScalar | undefined {
  const first = source.charCodeAt(0);
  if (first !== 45 && (first < 48 || first > 57)) return undefined;
  const match = number.exec(source);
  if (match === null) return undefined;
  const value = Number(source);
  const kind = match[1] === undefined && match[2] === undefined ? "integer" : "float";
  if (kind === "float" && !Number.isFinite(value)) return undefined;
  if (kind === "integer" && !Number.isSafeInteger(value)) {
    return { kind, value: BigInt(source), text: undefined };
  }
  return { kind, value, text: String(value) === source ? undefined : source };
}
