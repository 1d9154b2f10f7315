import { PythonError, typeError, valueError } from "../errors.ts";
import { formatFields, formatMapFields } from "../format/str-format.ts";
import { type BuiltinCode, type BuiltinTable, builtinTable } from "../runtime/builtin.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { Bytes } from "../values/bytes.ts";
import { Dict } from "../values/dict.ts";
import { each } from "../values/iterate.ts";
import { Markup, escapeText, textOf } from "../values/markup.ts";
import { intOf } from "../values/numbers.ts";
import { type Value, typeName } from "../values/object.ts";
import {
  capitalize,
  codePoints,
  splitLines,
  stripEnd,
  stripStart,
  textLength,
  textSlice,
  titleCase,
} from "../values/text.ts";
import { isTruthy } from "../values/truth.ts";
import { Tuple } from "../values/tuple.ts";
import { Undefined } from "../values/undefined.ts";
import { indexOfText, lastIndexOfText, splitText } from "../values/search.ts";
import { splitFromEnd, splitFromStart } from "./split.ts";
import { textPredicates } from "./text-predicates.ts";

// Over 300 lines: one method after the other of one type; the predicates and `split` have files of their own.

/** The arguments of a method, read as Python would. */
class Call {
  readonly runtime: Runtime;
  readonly self: string;
  readonly isMarkup: boolean;
  readonly #args: readonly (Value | undefined)[];

  constructor(runtime: Runtime, args: readonly (Value | undefined)[]) {
    this.runtime = runtime;
    this.self = textOf(args[0] ?? null) ?? "";
    this.isMarkup = args[0] instanceof Markup;
    this.#args = args;
    runtime.budget.charge(1 + this.self.length / 16);
  }

  raw(index: number): Value | undefined {
    return this.#args[index + 1];
  }

  /** A string; escaped first where `self` is Markup and the text would become part of it. */
  text(index: number): string {
    const value = this.raw(index);
    if (value instanceof Undefined) throw value.error();
    const text = textOf(value ?? null);
    if (text === undefined) {
      throw typeError(`argument ${index + 1} must be str, not ${typeName(value ?? null)}`);
    }
    return this.isMarkup && typeof value === "string" ? escapeText(text) : text;
  }

  optionalText(index: number): string | undefined {
    const value = this.raw(index);
    return value === undefined || value === null ? undefined : this.text(index);
  }

  int(index: number, otherwise: number): number {
    const value = this.raw(index);
    if (value === undefined) return otherwise;
    const int = intOf(value);
    if (int === undefined) {
      if (value instanceof Undefined) throw value.error();
      throw typeError(`'${typeName(value)}' object cannot be interpreted as an integer`);
    }
    return Number(int);
  }

  /** A result of the same kind as `self`. */
  wrap(text: string): Value {
    this.runtime.budget.chargeText(text.length);
    return this.isMarkup ? new Markup(text) : text;
  }

  wrapAll(texts: readonly string[]): Value[] {
    this.runtime.budget.chargeItems(texts.length);
    return texts.map((text) => this.wrap(text));
  }
}

type Method = (call: Call) => Value;
const method =
  (code: Method): BuiltinCode =>
  (runtime, args) =>
    code(new Call(runtime, args));

/** A method that makes a text of a text; `weight` is its work for 16 characters, in steps. */
const mapped = (change: (text: string) => string, weight = 1): BuiltinCode =>
  method((call) => {
    call.runtime.budget.charge((call.self.length / 16) * weight);
    return call.wrap(change(call.self));
  });

/** Pads to a width in code points. */
function justify(call: Call, split: (missing: number, width: number) => number): Value {
  const width = call.int(0, 0);
  const fill = call.optionalText(1) ?? " ";
  if (textLength(fill) !== 1 && !call.isMarkup) {
    throw typeError("The fill character must be exactly one character long");
  }
  const missing = Math.max(0, width - textLength(call.self));
  call.runtime.budget.chargeText(call.self.length + missing * fill.length);
  const left = split(missing, width);
  return call.wrap(fill.repeat(left) + call.self + fill.repeat(missing - left));
}

/** Python puts the odd space of `center` left or right by a rule of its own. */
export function centerLeft(missing: number, width: number): number {
  return Math.floor(missing / 2) + (missing & width & 1);
}

/** `find` and the like within `[start:end]`, in code points; -1 = not there. */
function find(call: Call, last: boolean): number {
  const points = codePoints(call.self, call.runtime.budget);
  const length = points.length;
  const clamp = (bound: number): number =>
    bound < 0 ? Math.max(0, bound + length) : Math.min(bound, length);
  const rawStart = call.raw(1) === null ? 0 : call.int(1, 0);
  const start = clamp(rawStart);
  const end = call.raw(2) === null ? length : clamp(call.int(2, length));
  const part = textOf(call.raw(0) ?? null) ?? call.text(0);
  if (rawStart > length || start > end) return -1;
  const inside = textSlice(call.self, start, end);
  const { budget } = call.runtime;
  const at = last ? lastIndexOfText(inside, part, budget) : indexOfText(inside, part, 0, budget);
  return at === -1 ? -1 : start + textLength(inside.slice(0, at));
}

function index(call: Call, last: boolean): Value {
  const at = find(call, last);
  if (at === -1) throw valueError("substring not found");
  return at;
}

function affix(call: Call, matches: (text: string, part: string) => boolean): boolean {
  const length = textLength(call.self);
  const clamp = (bound: number): number => (bound < 0 ? Math.max(0, bound + length) : bound);
  const start = clamp(call.int(1, 0));
  const inside = textSlice(call.self, Math.min(start, length), clamp(call.int(2, length)));
  const given = call.raw(0);
  const parts = given instanceof Tuple ? given.items : [given ?? null];
  return parts.some((part) => {
    const text = textOf(part);
    call.runtime.budget.charge(1 + (text?.length ?? 0) / 16);
    if (text === undefined) {
      throw typeError(`startswith first arg must be str or a tuple of str, not ${typeName(part)}`);
    }
    return start <= length && matches(inside, text);
  });
}

function count(call: Call): Value {
  const part = textOf(call.raw(0) ?? null) ?? call.text(0);
  const length = textLength(call.self);
  const clamp = (bound: number): number =>
    bound < 0 ? Math.max(0, bound + length) : Math.min(bound, length);
  const rawStart = call.int(1, 0);
  const [start, end] = [clamp(rawStart), clamp(call.int(2, length))];
  if (start > end || rawStart > length) return 0;
  const inside = textSlice(call.self, start, end);
  return part === "" ? textLength(inside) + 1 : splitText(inside, part, call.runtime.budget).length - 1;
}

/** Python's `str.replace`, with its growth booked before it happens. */
export function replaceText(
  runtime: Runtime,
  text: string,
  old: string,
  replacement: string,
  limit: number,
): string {
  if (old === "") runtime.budget.charge(text.length);
  const gaps = old === "" ? [...Array.from(text, (char) => char), ""] : splitText(text, old, runtime.budget);
  const pieces = old === "" ? gaps.length : gaps.length - 1;
  const times = limit < 0 ? pieces : Math.min(limit, pieces);
  runtime.budget.chargeText(Math.max(0, text.length + times * (replacement.length - old.length)));
  runtime.budget.charge(gaps.length);
  if (old === "") {
    return gaps.map((char, i) => (i < times ? replacement : "") + char).join("");
  }
  const head = gaps.slice(0, times + 1).join(replacement);
  return times < pieces ? [head, ...gaps.slice(times + 1)].join(old) : head;
}

function join(call: Call): Value {
  const parts: string[] = [];
  let size = 0;
  let index = 0;
  for (const item of each(call.raw(0) ?? null, call.runtime.budget)) {
    const text = textOf(item);
    if (text === undefined) {
      if (item instanceof Undefined) throw item.error();
      throw typeError(`sequence item ${index}: expected str instance, ${typeName(item)} found`);
    }
    const safe = call.isMarkup && typeof item === "string" ? escapeText(text) : text;
    parts.push(safe);
    size += safe.length + call.self.length;
    index += 1;
    call.runtime.budget.chargeText(safe.length);
  }
  call.runtime.budget.chargeText(size);
  return call.wrap(parts.join(call.self));
}

function partition(call: Call, last: boolean): Value {
  const separator = call.text(0);
  if (separator === "") throw valueError("empty separator");
  const { budget } = call.runtime;
  const at = last
    ? lastIndexOfText(call.self, separator, budget)
    : indexOfText(call.self, separator, 0, budget);
  const parts =
    at === -1
      ? last
        ? ["", "", call.self]
        : [call.self, "", ""]
      : [call.self.slice(0, at), separator, call.self.slice(at + separator.length)];
  return new Tuple(call.wrapAll(parts));
}

function split(call: Call, fromEnd: boolean): Value {
  // Markup does not escape the separator of `split`.
  const separator = textOf(call.raw(0) ?? null) ?? call.optionalText(0);
  if (separator === "") throw valueError("empty separator");
  const limit = call.int(1, -1);
  const { budget } = call.runtime;
  return call.wrapAll((fromEnd ? splitFromEnd : splitFromStart)(call.self, separator, limit, budget));
}

function zfill(call: Call): Value {
  const width = call.int(0, 0);
  const missing = Math.max(0, width - textLength(call.self));
  call.runtime.budget.chargeText(missing);
  const sign = /^[+-]/.exec(call.self)?.[0] ?? "";
  return call.wrap(sign + "0".repeat(missing) + call.self.slice(sign.length));
}

function translate(call: Call): Value {
  const table = call.raw(0);
  if (!(table instanceof Dict)) throw typeError("translate() argument must be a mapping");
  const { budget } = call.runtime;
  let result = "";
  let size = 0;
  for (const char of call.self) {
    const found = table.get(char.codePointAt(0) ?? 0, budget);
    const part = found === undefined ? char : translation(found);
    budget.charge(2 + part.length / 16);
    size += part.length;
    if (size > budget.limits.maxValueSize) budget.chargeText(size);
    result += part;
  }
  return call.wrap(result);
}

/** What a table of `translate` puts in a character's place. @throws TypeError, ValueError as Python */
function translation(found: Value): string {
  const code = intOf(found);
  if (code === undefined) {
    const text = textOf(found);
    if (text === undefined && found !== null) {
      throw typeError("character mapping must return integer, None or str");
    }
    return text ?? "";
  }
  if (code < 0 || code > 0x10ffff) throw valueError("character mapping must be in range(0x110000)");
  return String.fromCodePoint(Number(code));
}

function expandTabs(call: Call): Value {
  const size = call.int(0, 8);
  let column = 0;
  let result = "";
  for (const char of call.self) {
    const width = char === "\t" ? (size > 0 ? size - (column % size) : 0) : 1;
    result += char === "\t" ? " ".repeat(width) : char;
    column = char === "\n" || char === "\r" ? 0 : column + width;
    call.runtime.budget.chargeText(width);
  }
  return call.wrap(result);
}

/** The first code that an encoding of one byte a character does not have; `undefined` = UTF-8. @throws LookupError */
function singleByteLimit(encoding: string): number | undefined {
  switch (encoding.toLowerCase().replaceAll("_", "-")) {
    case "utf-8":
    case "utf8":
      return undefined;
    case "ascii":
    case "us-ascii":
      return 0x80;
    case "latin-1":
    case "latin1":
    case "iso-8859-1":
      return 0x100;
    default:
      throw new PythonError("LookupError", `unknown encoding: ${encoding}`);
  }
}

function encode(call: Call): Value {
  const encoding = call.optionalText(0) ?? "utf-8";
  const limit = singleByteLimit(encoding);
  if (limit === undefined) return new Bytes(new TextEncoder().encode(call.self));
  call.runtime.budget.charge(call.self.length / 4);
  const codes = Array.from(call.self, (char) => char.codePointAt(0) ?? 0);
  if (codes.some((code) => code >= limit)) {
    throw new PythonError("UnicodeError", `'${encoding}' codec can't encode character`);
  }
  return new Bytes(Uint8Array.from(codes));
}

function strip(call: Call, change: (text: string, chars: string | undefined) => string): Value {
  const chars = call.optionalText(0);
  call.runtime.budget.charge((call.self.length + (chars?.length ?? 0)) / 8);
  return call.wrap(change(call.self, chars));
}

function swapCase(text: string): string {
  return Array.from(text, (char) =>
    char === char.toUpperCase() ? char.toLowerCase() : char.toUpperCase(),
  ).join("");
}

function caseFold(text: string): string {
  return text.replaceAll("ß", "ss").replaceAll("ẞ", "ss").toLowerCase().replaceAll("ς", "σ");
}

/** Python's methods of `str` that a template may call; on Markup they escape their arguments. */
export const stringMethods: BuiltinTable = new Map([
  ...builtinTable([
    ["capitalize", "self", mapped(capitalize)],
    ["casefold", "self", mapped(caseFold)],
    ["center", "self width fillchar?", method((call) => justify(call, centerLeft))],
    ["count", "self sub start? end?", method(count)],
    ["encode", "self encoding? errors?", method(encode)],
    [
      "endswith",
      "self suffix start? end?",
      method((call) => affix(call, (text, part) => text.endsWith(part))),
    ],
    ["expandtabs", "self tabsize?", method(expandTabs)],
    ["find", "self sub start? end?", method((call) => find(call, false))],
    ["index", "self sub start? end?", method((call) => index(call, false))],
    ["join", "self iterable", method(join)],
    ["ljust", "self width fillchar?", method((call) => justify(call, () => 0))],
    ["lower", "self", mapped((text) => text.toLowerCase())],
    ["lstrip", "self chars?", method((call) => strip(call, stripStart))],
    ["partition", "self sep", method((call) => partition(call, false))],
    [
      "removeprefix",
      "self prefix",
      method((call) => {
        const prefix = call.text(0);
        return call.wrap(call.self.startsWith(prefix) ? call.self.slice(prefix.length) : call.self);
      }),
    ],
    [
      "removesuffix",
      "self suffix",
      method((call) => {
        const suffix = call.text(0);
        const ends = suffix !== "" && call.self.endsWith(suffix);
        return call.wrap(ends ? call.self.slice(0, -suffix.length) : call.self);
      }),
    ],
    [
      "replace",
      "self old new count?",
      method((call) =>
        call.wrap(replaceText(call.runtime, call.self, call.text(0), call.text(1), call.int(2, -1))),
      ),
    ],
    ["rfind", "self sub start? end?", method((call) => find(call, true))],
    ["rindex", "self sub start? end?", method((call) => index(call, true))],
    ["rjust", "self width fillchar?", method((call) => justify(call, (missing) => missing))],
    ["rpartition", "self sep", method((call) => partition(call, true))],
    ["rsplit", "self sep? maxsplit?", method((call) => split(call, true))],
    ["rstrip", "self chars?", method((call) => strip(call, stripEnd))],
    ["split", "self sep? maxsplit?", method((call) => split(call, false))],
    [
      "splitlines",
      "self keepends?",
      method((call) => call.wrapAll(splitLines(call.self, isTruthy(call.raw(0) ?? false)))),
    ],
    [
      "startswith",
      "self prefix start? end?",
      method((call) => affix(call, (text, part) => text.startsWith(part))),
    ],
    [
      "strip",
      "self chars?",
      method((call) => strip(call, (text, chars) => stripEnd(stripStart(text, chars), chars))),
    ],
    ["swapcase", "self", mapped(swapCase, 24)],
    ["title", "self", mapped(titleCase, 16)],
    ["translate", "self table", method(translate)],
    ["upper", "self", mapped((text) => text.toUpperCase())],
    ["zfill", "self width", method(zfill)],
    ["format", "self * **", formatFields],
    ["format_map", "self mapping", formatMapFields],
  ]),
  ...textPredicates,
]);

/** Python's methods of `bytes` that a template may call. */
export const bytesMethods: BuiltinTable = builtinTable([
  [
    "decode",
    "self encoding? errors?",
    (runtime, [self, encoding]) => {
      const { data } = self as Bytes;
      runtime.budget.charge(data.length / 4);
      runtime.budget.chargeText(data.length);
      const name = encoding === undefined ? "utf-8" : (textOf(encoding) ?? "");
      const limit = singleByteLimit(name);
      if (limit !== undefined) {
        if (data.some((byte) => byte >= limit)) {
          throw new PythonError("UnicodeError", `'${name}' codec can't decode the bytes`);
        }
        return Array.from(data, (byte) => String.fromCharCode(byte)).join("");
      }
      try {
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
      } catch {
        throw new PythonError("UnicodeError", "'utf-8' codec can't decode the bytes");
      }
    },
  ],
  [
    "hex",
    "self",
    ({ budget }, [self]) => {
      const { data } = self as Bytes;
      budget.charge(data.length);
      budget.chargeText(2 * data.length);
      return Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
    },
  ],
]);
