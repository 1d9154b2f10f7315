import { PythonError, typeError, valueError } from "../errors.ts";
import type { Budget } from "../limits.ts";
import { Bytes } from "../values/bytes.ts";
import { Dict } from "../values/dict.ts";
import { Markup, textOf } from "../values/markup.ts";
import { bitLength, chargeBits, intOf, intToText, realOf, truncateToInt } from "../values/numbers.ts";
import { floatOf } from "../values/float.ts";
import { type Value, typeName } from "../values/object.ts";
import { Range } from "../values/range.ts";
import { repr, str } from "../values/repr.ts";
import { textLength, textSlice } from "../values/text.ts";
import { Tuple } from "../values/tuple.ts";
import { Undefined } from "../values/undefined.ts";
import { isNegative } from "./decimal.ts";
import { formatFloat } from "./float-format.ts";

/** One `%` conversion: `%(key)flags width .precision type`. */
interface Conversion {
  readonly key: string | undefined;
  readonly flags: string;
  readonly width: number;
  readonly precision: number | undefined;
  readonly type: string;
}

/** Escapes the text of an argument: set when the format is Markup. */
type Escape = (text: string) => string;

/**
 * Python's `format % args`: a tuple gives many arguments, a mapping named ones, the rest is one.
 * @throws TypeError, ValueError, KeyError as Python
 * @see https://docs.python.org/3/library/stdtypes.html#printf-style-string-formatting
 */
export function formatPercent(
  format: string,
  args: Value,
  budget: Budget,
  escape: Escape | undefined,
): string {
  return new PercentFormatter(format, args, budget, escape).run();
}

class PercentFormatter {
  readonly #format: string;
  readonly #args: readonly Value[];
  readonly #subscriptable: boolean;
  readonly #mapping: Dict | Undefined | undefined;
  readonly #budget: Budget;
  readonly #escape: Escape | undefined;
  #position = 0;
  #next = 0;

  constructor(format: string, args: Value, budget: Budget, escape: Escape | undefined) {
    this.#format = format;
    this.#args = args instanceof Tuple ? args.items : [args];
    // Python lets one argument that could be a mapping go unused.
    this.#subscriptable =
      Array.isArray(args) || [Dict, Undefined, Range, Bytes].some((kind) => args instanceof kind);
    this.#mapping = args instanceof Dict || args instanceof Undefined ? args : undefined;
    this.#budget = budget;
    this.#escape = escape;
  }

  run(): string {
    let result = "";
    for (;;) {
      const percent = this.#format.indexOf("%", this.#position);
      result += this.#format.slice(this.#position, percent === -1 ? undefined : percent);
      this.#budget.chargeText(result.length);
      if (percent === -1) break;
      this.#position = percent + 1;
      const conversion = this.#parse();
      result += conversion.type === "%" ? "%" : this.#convert(conversion);
    }
    if (this.#next < this.#args.length && !this.#subscriptable) {
      throw typeError("not all arguments converted during string formatting");
    }
    return result;
  }

  #parse(): Conversion {
    let key: string | undefined;
    if (this.#format[this.#position] === "(") key = this.#parseKey();
    const flags = this.#take(/[-+ #0]*/y);
    const width = this.#parseNumber() ?? 0;
    let precision: number | undefined;
    if (this.#format[this.#position] === ".") {
      this.#position += 1;
      precision = Math.max(0, this.#parseNumber() ?? 0);
    }
    this.#take(/[hlL]/y);
    const type = this.#format[this.#position];
    if (type === undefined) throw valueError("incomplete format");
    this.#position += 1;
    const left = width < 0 ? `${flags}-` : flags;
    return { key, flags: left, width: Math.abs(width), precision, type };
  }

  #parseKey(): string {
    let depth = 1;
    const start = this.#position + 1;
    let end = start;
    for (; depth > 0; end += 1) {
      const char = this.#format[end];
      if (char === undefined) throw valueError("incomplete format key");
      if (char === "(") depth += 1;
      if (char === ")") depth -= 1;
    }
    this.#position = end;
    return this.#format.slice(start, end - 1);
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#position;
    const match = pattern.exec(this.#format)?.[0] ?? "";
    this.#position += match.length;
    return match;
  }

  #parseNumber(): number | undefined {
    if (this.#format[this.#position] === "*") {
      this.#position += 1;
      const given = intOf(this.#argument());
      if (given === undefined) throw typeError("* wants int");
      return Number(given);
    }
    const digits = this.#take(/\d*/y);
    return digits === "" ? undefined : Number(digits);
  }

  #argument(): Value {
    const value = this.#args[this.#next];
    this.#next += 1;
    if (value === undefined) throw typeError("not enough arguments for format string");
    return value;
  }

  #convert(conversion: Conversion): string {
    let value: Value;
    if (conversion.key === undefined) {
      value = this.#argument();
    } else {
      value = this.#named(conversion.key);
    }
    this.#budget.chargeText((conversion.width + (conversion.precision ?? 0)) * 4);
    switch (conversion.type) {
      case "s":
        return this.#text(this.#string(value), conversion);
      case "r":
      case "a":
        return this.#text(this.#escaped(repr(value, this.#budget)), conversion);
      case "c":
        return this.#text(charOf(value), conversion);
      default:
        return formatNumber(value, conversion, this.#budget);
    }
  }

  #named(key: string): Value {
    if (this.#mapping === undefined) throw typeError("format requires a mapping");
    if (this.#mapping instanceof Undefined) return this.#mapping.child(key);
    const found = this.#mapping.get(key, this.#budget);
    if (found === undefined) throw new PythonError("KeyError", `'${key}'`);
    return found;
  }

  #string(value: Value): string {
    if (this.#escape !== undefined && value instanceof Markup) return value.text;
    return this.#escaped(str(value, this.#budget));
  }

  #escaped(text: string): string {
    return this.#escape === undefined ? text : this.#escape(text);
  }

  #text(text: string, { flags, width, precision }: Conversion): string {
    const cut = precision === undefined ? text : textSlice(text, 0, precision);
    const padding = " ".repeat(Math.max(0, width - textLength(cut)));
    return flags.includes("-") ? cut + padding : padding + cut;
  }
}

function charOf(value: Value): string {
  const text = textOf(value);
  if (text !== undefined && textLength(text) === 1) return text;
  const code = intOf(value);
  if (code === undefined) throw typeError("%c requires int or char");
  if (code < 0 || code > 0x10ffff) {
    throw new PythonError("OverflowError", "%c arg not in range(0x110000)");
  }
  return String.fromCodePoint(Number(code));
}

function formatNumber(value: Value, conversion: Conversion, budget: Budget): string {
  if (value instanceof Undefined) throw value.error();
  const type = conversion.type;
  if ("diu".includes(type)) return pad(...decimal(value, type, budget), conversion);
  if ("oxX".includes(type)) return pad(...radix(value, conversion, budget), conversion);
  if (!"eEfFgG".includes(type)) {
    throw valueError(`unsupported format character '${type}' (0x${type.charCodeAt(0).toString(16)})`);
  }
  const number = realOf(value);
  if (number === undefined) throw typeError(`must be real number, not ${typeName(value)}`);
  budget.charge(20);
  const text = formatFloat(number, {
    type: type.toLowerCase() as "e" | "f" | "g",
    precision: conversion.precision ?? 6,
    alternate: conversion.flags.includes("#"),
  });
  const cased = type === type.toUpperCase() ? text.toUpperCase() : text;
  const plain = Number.isFinite(number)
    ? conversion
    : { ...conversion, flags: conversion.flags.replace("0", "") };
  return pad(isNegative(number) && !Number.isNaN(number), "", cased, { ...plain, precision: undefined });
}

function decimal(value: Value, type: string, budget: Budget): [boolean, string, string] {
  const float = floatOf(value);
  const int = float === undefined ? intOf(value) : truncateToInt(float);
  if (int === undefined) {
    throw typeError(`%${type} format: a real number is required, not ${typeName(value)}`);
  }
  return [int < 0, "", intToText(int, budget).replace("-", "")];
}

function radix(value: Value, { type, flags }: Conversion, budget: Budget): [boolean, string, string] {
  const int = intOf(value);
  if (int === undefined) {
    throw typeError(`%${type} format: an integer is required, not ${typeName(value)}`);
  }
  chargeBits(bitLength(int), budget);
  const digits = int.toString(type === "o" ? 8 : 16).replace("-", "");
  const prefix = flags.includes("#") ? `0${type}` : "";
  return [int < 0, prefix, type === "X" ? digits.toUpperCase() : digits];
}

function pad(negative: boolean, prefix: string, digits: string, conversion: Conversion): string {
  const { flags, width, precision } = conversion;
  const plus = flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
  const head = (negative ? "-" : plus) + prefix;
  const body = digits.padStart(precision ?? 0, "0");
  if (flags.includes("-")) return (head + body).padEnd(width);
  if (flags.includes("0")) return head + body.padStart(width - head.length, "0");
  return (head + body).padStart(width);
}
