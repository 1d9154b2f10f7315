import { typeError, valueError } from "../errors.ts";
import { divideHalfEven, fixedDigits, roundFloat } from "../format/decimal.ts";
import type { Budget } from "../limits.ts";
import { type BuiltinTable, builtinTable } from "../runtime/builtin.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { binary, unary } from "../values/arithmetic.ts";
import { floatOf, makeFloat } from "../values/float.ts";
import { textOf } from "../values/markup.ts";
import { type Int, intOf, normalizeInt, parseDecimal, realOf, truncateToInt } from "../values/numbers.ts";
import { type Value, typeName } from "../values/object.ts";
import { Undefined } from "../values/undefined.ts";
import { stripEnd, stripStart } from "../values/text.ts";
import { isTruthy } from "../values/truth.ts";
import { badArgument, intArgument } from "./support.ts";

/** Python's `float(text)`; `undefined` = not a number. */
function parseFloatText(text: string): number | undefined {
  const trimmed = stripEnd(stripStart(text)).toLowerCase();
  if (/^[+-]?(?:\d(?:_?\d)*(?:\.(?:\d(?:_?\d)*)?)?|\.\d(?:_?\d)*)(?:e[+-]?\d(?:_?\d)*)?$/.test(trimmed)) {
    return Number(trimmed.replaceAll("_", ""));
  }
  const named = /^([+-]?)(inf(?:inity)?|nan)$/.exec(trimmed);
  if (named === null) return undefined;
  if (named[2] === "nan") return Number.NaN;
  return named[1] === "-" ? -Infinity : Infinity;
}

/** Python's `int(text, base)`; `undefined` = not an integer. */
function parseIntText(text: string, base: number): Int | undefined {
  const match = /^([+-]?)(0[xob])?_?([\da-z]+(?:_[\da-z]+)*)$/.exec(stripEnd(stripStart(text)).toLowerCase());
  if (match === null) return undefined;
  const [, sign, prefix, body = ""] = match;
  const prefixBase = prefix === undefined ? undefined : { "0x": 16, "0o": 8, "0b": 2 }[prefix];
  const radix = base === 0 ? (prefixBase ?? 10) : base;
  const usesPrefix = prefixBase !== undefined && prefixBase === radix;
  const digits = (usesPrefix ? body : (prefix ?? "") + body).replaceAll("_", "");
  if (!usesPrefix && base === 0 && /^0+[1-9]/.test(digits)) return undefined;
  if (Array.from(digits).some((digit) => !(Number.parseInt(digit, 36) < radix))) return undefined;
  let value: Int;
  if (radix === 10) value = parseDecimal(digits);
  else {
    let big = 0n;
    for (const digit of digits) big = big * BigInt(radix) + BigInt(Number.parseInt(digit, 36));
    value = normalizeInt(big);
  }
  return sign === "-" ? (unary("-", value) as Int) : value;
}

function toInt(value: Value, otherwise: Value, base: number, budget: Budget): Value {
  const text = textOf(value);
  if (text !== undefined) {
    if (text.length > 5000) return otherwise;
    // Turning digits into an integer takes time by the square of their number.
    budget.charge(text.length / 4 + text.length ** 2 / 10_000);
    const int = parseIntText(text, base);
    if (int !== undefined) return int;
    const float = parseFloatText(text);
    return float === undefined || !Number.isFinite(float) ? otherwise : truncateToInt(float);
  }
  const int = intOf(value);
  if (int !== undefined) return int;
  const float = floatOf(value);
  if (value instanceof Undefined) throw value.error();
  return float === undefined || !Number.isFinite(float) ? otherwise : truncateToInt(float);
}

function toFloat(value: Value, otherwise: Value): Value {
  if (value instanceof Undefined) throw value.error();
  const text = textOf(value);
  const number = text === undefined ? realOf(value) : parseFloatText(text);
  return number === undefined ? otherwise : makeFloat(number);
}

/** Python's `round(value, precision)`. */
function roundCommon(value: Value, precision: number): Value {
  const float = floatOf(value);
  if (float !== undefined) return makeFloat(roundFloat(float, precision));
  const int = intOf(value);
  if (int === undefined) {
    throw typeError(`type ${typeName(value)} doesn't define __round__ method`);
  }
  if (precision >= 0) return int;
  if (precision < -400) return 0;
  const unit = 10n ** BigInt(-precision);
  const big = BigInt(int);
  const rounded = divideHalfEven(big < 0n ? -big : big, unit) * unit;
  return normalizeInt(big < 0n ? -rounded : rounded);
}

function round(runtime: Runtime, value: Value, precision: number, method: string): Value {
  if (!["common", "ceil", "floor"].includes(method)) {
    badArgument("method must be common, ceil or floor");
  }
  // Exact rounding takes time by the number of digits.
  runtime.budget.charge(Math.min(Math.abs(precision), 400) / 4);
  if (method === "common") return roundCommon(value, precision);
  const scale = binary("**", 10, precision, runtime.budget);
  const scaled = realOf(binary("*", value, scale, runtime.budget));
  if (scaled === undefined) throw typeError("must be real number");
  const whole = truncateToInt(method === "ceil" ? Math.ceil(scaled) : Math.floor(scaled));
  return binary("/", whole, scale, runtime.budget);
}

const decimalUnits = ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
const binaryUnits = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"];

function fileSize(value: Value, useBinary: boolean): string {
  const text = textOf(value);
  const bytes = text === undefined ? realOf(value) : parseFloatText(text);
  if (value instanceof Undefined) throw value.error();
  if (bytes === undefined) throw valueError("could not convert value to float");
  const base = useBinary ? 1024 : 1000;
  if (bytes === 1) return "1 Byte";
  if (bytes < base) return `${truncateToInt(bytes)} Bytes`;
  const units = useBinary ? binaryUnits : decimalUnits;
  for (const [i, unit] of units.entries()) {
    const limit = base ** (i + 2);
    if (bytes < limit || i === units.length - 1) return `${fixedDigits((base * bytes) / limit, 1)} ${unit}`;
  }
  return "";
}

/** The filters on numbers. */
export const numberFilters: BuiltinTable = builtinTable([
  [
    "abs",
    "x",
    (runtime, [value]) => {
      const x = value ?? null;
      if (x instanceof Undefined) throw x.error();
      const real = floatOf(x) ?? intOf(x);
      if (real === undefined) throw typeError(`bad operand type for abs(): '${typeName(x)}'`);
      const negative = real < 0 || Object.is(real, -0);
      return negative ? unary("-", x) : binary("+", x, 0, runtime.budget);
    },
  ],
  [
    "int",
    "value default? base?",
    ({ budget }, [value, otherwise = 0, base]) =>
      toInt(value ?? null, otherwise, intArgument(base, 10), budget),
  ],
  [
    "float",
    "value default?",
    ({ budget }, [value, otherwise = makeFloat(0)]) => {
      budget.charge((textOf(value ?? null)?.length ?? 0) / 8);
      return toFloat(value ?? null, otherwise);
    },
  ],
  [
    "round",
    "value precision? method?",
    (runtime, [value, precision, method]) =>
      round(
        runtime,
        value ?? null,
        intArgument(precision, 0),
        method === undefined ? "common" : (textOf(method) ?? ""),
      ),
  ],
  [
    "filesizeformat",
    "value binary?",
    (_runtime, [value, useBinary]) => fileSize(value ?? null, isTruthy(useBinary ?? false)),
  ],
]);
