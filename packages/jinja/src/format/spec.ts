import { PythonError, typeError, valueError } from "../errors.ts";
import type { Budget } from "../limits.ts";
import { floatOf } from "../values/float.ts";
import { formatFloatRepr } from "../values/float-repr.ts";
import { Markup } from "../values/markup.ts";
import { type Int, bitLength, chargeBits, intOf, intToNumber, intToText } from "../values/numbers.ts";
import { PyObject, type Value, typeName } from "../values/object.ts";
import { str } from "../values/repr.ts";
import { textLength, textSlice } from "../values/text.ts";
import { isNegative } from "./decimal.ts";
import { formatFloat } from "./float-format.ts";

/** A parsed format specification: `[[fill]align][sign][z][#][0][width][grouping][.precision][type]`. */
interface Spec {
  readonly fill: string;
  readonly align: string | undefined;
  readonly sign: string;
  readonly alternate: boolean;
  readonly width: number;
  readonly grouping: string;
  readonly precision: number | undefined;
  readonly type: string;
}

const pattern = /^(?:(.)?([<>=^]))?([-+ ])?(z)?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([a-zA-Z%])?$/su;

/**
 * Python's `format(value, spec)`.
 * @throws ValueError for a specification that is wrong, or wrong for the type; TypeError where the type takes none.
 * @see https://docs.python.org/3/library/string.html#format-specification-mini-language
 */
export function formatSpec(value: Value, text: string, budget: Budget): string {
  if (text === "") return str(value, budget);
  const type = typeName(value);
  const float = floatOf(value);
  const int = intOf(value);
  if (typeof value !== "string" && !(value instanceof Markup) && float === undefined && int === undefined) {
    const name = value instanceof PyObject && type === "Undefined" ? "Undefined" : type;
    throw typeError(`unsupported format string passed to ${name}.__format__`);
  }
  const spec = parseSpec(text, type);
  budget.chargeText((spec.width + (spec.precision ?? 0)) * 4);
  budget.charge(20);
  if (float !== undefined) return formatFloatSpec(float, spec, type);
  if (int !== undefined) return formatIntSpec(int, spec, type, budget);
  return formatTextSpec(str(value, budget), spec, type);
}

function parseSpec(text: string, type: string): Spec {
  const match = pattern.exec(text);
  if (match === null) throw valueError("Invalid format specifier");
  const [, fill, align, sign, , alternate, zero, width, grouping, precision, code] = match;
  if (type === "str" && zero !== undefined && align === undefined && sign === undefined) {
    return makeSpec({ fill: "0", align: "<", sign, alternate, width, grouping, precision, code });
  }
  return makeSpec({
    fill: fill ?? (zero === undefined ? " " : "0"),
    align: align ?? (zero === undefined ? undefined : "="),
    sign,
    alternate,
    width,
    grouping,
    precision,
    code,
  });
}

function makeSpec(parts: Record<string, string | undefined> & { fill: string }): Spec {
  return {
    fill: parts.fill,
    align: parts["align"],
    sign: parts["sign"] ?? "",
    alternate: parts["alternate"] !== undefined,
    width: Number(parts["width"] ?? 0),
    grouping: parts["grouping"] ?? "",
    precision: parts["precision"] === undefined ? undefined : Number(parts["precision"]),
    type: parts["code"] ?? "",
  };
}

function unknownCode(code: string, type: string): PythonError {
  return valueError(`Unknown format code '${code}' for object of type '${type}'`);
}

function formatTextSpec(text: string, spec: Spec, type: string): string {
  if (spec.type !== "" && spec.type !== "s") throw unknownCode(spec.type, type);
  if (spec.sign !== "") throw valueError("Sign not allowed in string format specifier");
  if (spec.alternate) {
    throw valueError("Alternate form (#) not allowed in string format specifier");
  }
  if (spec.align === "=") {
    throw valueError("'=' alignment not allowed in string format specifier");
  }
  if (spec.grouping !== "") throw valueError(`Cannot specify '${spec.grouping}' with 's'.`);
  const cut = spec.precision === undefined ? text : textSlice(text, 0, spec.precision);
  return alignText("", cut, spec, "<");
}

function formatIntSpec(value: Int, spec: Spec, type: string, budget: Budget): string {
  switch (spec.type) {
    case "":
    case "d":
    case "n":
    case "b":
    case "o":
    case "x":
    case "X":
      break;
    case "c":
      return formatChar(value, spec);
    case "e":
    case "E":
    case "f":
    case "F":
    case "g":
    case "G":
    case "%":
      return formatFloatSpec(intToNumber(value), spec, type);
    case "s":
      if (type === "bool") return formatTextSpec(str(value !== 0, budget), spec, type);
      throw unknownCode(spec.type, type);
    default:
      throw unknownCode(spec.type, type);
  }
  if (spec.precision !== undefined) {
    throw valueError("Precision not allowed in integer format specifier");
  }
  if (type === "bool" && spec.type === "") return formatIntSpec(value, { ...spec, type: "d" }, "int", budget);
  const base = radixes.get(spec.type) ?? 10;
  if (spec.grouping === "," && base !== 10) throw valueError(`Cannot specify ',' with '${spec.type}'.`);
  if (spec.grouping !== "" && spec.type === "n") {
    throw valueError(`Cannot specify '${spec.grouping}' with 'n'.`);
  }
  if (base !== 10) chargeBits(bitLength(value), budget);
  const plain = base === 10 ? intToText(value, budget) : value.toString(base);
  const digits = plain.replace("-", "");
  const prefix = spec.alternate && base !== 10 ? `0${spec.type}` : "";
  const head = signOf(value < 0, spec) + prefix;
  return assemble(head, spec.type === "X" ? digits.toUpperCase() : digits, "", spec, base === 10 ? 3 : 4);
}

const radixes: ReadonlyMap<string, number> = new Map([
  ["b", 2],
  ["o", 8],
  ["x", 16],
  ["X", 16],
]);

function formatChar(value: Int, spec: Spec): string {
  if (spec.sign !== "") throw valueError("Sign not allowed with integer format specifier 'c'");
  if (spec.alternate) {
    throw valueError("Alternate form (#) not allowed with integer format specifier 'c'");
  }
  if (value < 0 || value > 0x10ffff) {
    throw new PythonError("OverflowError", "%c arg not in range(0x110000)");
  }
  return alignText("", String.fromCodePoint(Number(value)), spec, "<");
}

function formatFloatSpec(value: number, spec: Spec, type: string): string {
  const negative = isNegative(value) && !Number.isNaN(value);
  const code = spec.type.toLowerCase();
  let text: string;
  switch (code) {
    case "":
      text = shortest(value, spec);
      break;
    case "e":
    case "f":
    case "g":
      text = formatFloat(value, { type: code, precision: spec.precision ?? 6, alternate: spec.alternate });
      break;
    case "n":
      text = formatFloat(value, { type: "g", precision: spec.precision ?? 6, alternate: spec.alternate });
      break;
    case "%":
      text = `${formatFloat(value * 100, { type: "f", precision: spec.precision ?? 6, alternate: spec.alternate })}%`;
      break;
    default:
      throw unknownCode(spec.type, type);
  }
  if (spec.type !== code) text = text.toUpperCase();
  const split = /^\d*/.exec(text)?.[0].length ?? 0;
  return assemble(signOf(negative, spec), text.slice(0, split), text.slice(split), spec, 3);
}

/** No type letter: like `g`, but with at least one digit after the point. */
function shortest(value: number, spec: Spec): string {
  if (spec.precision === undefined || !Number.isFinite(value)) {
    return formatFloatRepr(Math.abs(value));
  }
  const precision = Math.max(spec.precision, 1);
  const text = formatFloat(value, { type: "g", precision, alternate: spec.alternate });
  if (/[.e]/.test(text)) return text;
  // Python keeps ".0" only while it fits the precision; otherwise it turns to the exponent.
  if (text.length < precision) return `${text}.0`;
  return formatFloat(value, { type: "e", precision: precision - 1, alternate: spec.alternate }).replace(
    /\.?0+e/,
    "e",
  );
}

function signOf(negative: boolean, spec: Spec): string {
  if (negative) return "-";
  return spec.sign === "+" || spec.sign === " " ? spec.sign : "";
}

function assemble(head: string, digits: string, tail: string, spec: Spec, group: number): string {
  if (spec.grouping === "") return alignText(head, digits + tail, spec, ">");
  let whole = digits;
  if (spec.align === "=" && spec.fill === "0") {
    whole = digits.padStart(digitsFor(spec.width - head.length - tail.length, group), "0");
  }
  return alignText(head, groupDigits(whole, spec.grouping, group) + tail, spec, ">");
}

/** The fewest digits that, in groups of `size` with a character between them, fill `room` characters. */
function digitsFor(room: number, size: number): number {
  let digits = Math.max(0, Math.floor((room * size) / (size + 1)) - 1);
  while (digits + Math.floor(Math.max(0, digits - 1) / size) < room) digits += 1;
  return digits;
}

function groupDigits(digits: string, separator: string, size: number): string {
  const first = digits.length % size;
  const parts = first === 0 ? [] : [digits.slice(0, first)];
  for (let start = first; start < digits.length; start += size) parts.push(digits.slice(start, start + size));
  return parts.join(separator);
}

function alignText(head: string, body: string, spec: Spec, otherwise: string): string {
  const missing = Math.max(0, spec.width - textLength(head) - textLength(body));
  switch (spec.align ?? otherwise) {
    case "<":
      return head + body + spec.fill.repeat(missing);
    case "^": {
      const left = Math.floor(missing / 2);
      return spec.fill.repeat(left) + head + body + spec.fill.repeat(missing - left);
    }
    case "=":
      return head + spec.fill.repeat(missing) + body;
    default:
      return spec.fill.repeat(missing) + head + body;
  }
}
