import { DepthLimitError, HostError, JinjaError, typeError } from "../errors.ts";
import { type Budget, maxValueDepth } from "../limits.ts";
import { getAttributeOnly } from "../runtime/attributes.ts";
import { type BuiltinTable, builtinTable } from "../runtime/builtin.ts";
import { toHost } from "../runtime/host.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { prettyPrint } from "../format/pretty-print.ts";
import { Dict } from "../values/dict.ts";
import { floatOf } from "../values/float.ts";
import { formatFloatRepr } from "../values/float-repr.ts";
import { Markup, escapeText, textOf } from "../values/markup.ts";
import { intOf, intToText } from "../values/numbers.ts";
import { type Value, typeName } from "../values/object.ts";
import { isTruthy } from "../values/truth.ts";
import { Tuple } from "../values/tuple.ts";
import { Undefined } from "../values/undefined.ts";
import { sortItems } from "../methods/list.ts";
import { escaped, softText } from "./support.ts";

/** How JSON is laid out. */
interface JsonStyle {
  readonly runtime: Runtime;
  /** One level of indentation; `undefined` = all on one line. */
  readonly indent: string | undefined;
  readonly sortKeys: boolean;
}

function jsonString(text: string): string {
  return JSON.stringify(text)
    .replace(/[\x7f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .replaceAll("\\u007f", "\x7f");
}

function jsonNumber(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : "-Infinity";
  return formatFloatRepr(value);
}

function jsonKey(key: Value, budget: Budget): string {
  if (typeof key === "string") return key;
  if (key instanceof Markup) return key.text;
  if (key === null) return "null";
  if (typeof key === "boolean") return String(key);
  const int = intOf(key);
  if (int !== undefined) return intToText(int, budget);
  const float = floatOf(key);
  if (float !== undefined) return jsonNumber(float);
  throw typeError(`keys must be str, int, float, bool or None, not ${typeName(key)}`);
}

/** A value as Python's `json.dumps` writes it. @throws TypeError for what JSON has no form for */
function toJson(value: Value, style: JsonStyle, depth = 0): string {
  const { budget } = style.runtime;
  if (depth > maxValueDepth) throw new DepthLimitError("a value");
  budget.charge(2);
  if (value === null) return "null";
  if (typeof value === "boolean") return String(value);
  const text = textOf(value);
  if (text !== undefined) {
    budget.chargeText(text.length);
    return jsonString(text);
  }
  const int = intOf(value);
  if (int !== undefined) return intToText(int, budget);
  const float = floatOf(value);
  if (float !== undefined) return jsonNumber(float);
  if (value instanceof Dict) {
    const entries = Array.from(value.entries(), (entry) => new Tuple(entry));
    const sorted = style.sortKeys
      ? sortItems(style.runtime, entries, (entry) => (entry as Tuple).items[0] ?? null, false)
      : entries;
    const parts = sorted.map((entry) => {
      const [key, item] = (entry as Tuple).items;
      return `${jsonString(jsonKey(key ?? null, budget))}: ${toJson(item ?? null, style, depth + 1)}`;
    });
    return brackets("{", "}", parts, style, depth, budget);
  }
  if (Array.isArray(value) || value instanceof Tuple) {
    const items = Array.isArray(value) ? value : value.items;
    return brackets(
      "[",
      "]",
      items.map((item) => toJson(item, style, depth + 1)),
      style,
      depth,
      budget,
    );
  }
  if (value instanceof Undefined && value.origin.security === true) throw value.error();
  throw typeError(`Object of type ${typeName(value)} is not JSON serializable`);
}

function brackets(
  open: string,
  close: string,
  parts: readonly string[],
  { indent }: JsonStyle,
  depth: number,
  budget: Budget,
): string {
  if (parts.length === 0) return open + close;
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  budget.chargeText(size + parts.length * (depth + 1) * (indent?.length ?? 0));
  if (indent === undefined) return open + parts.join(", ") + close;
  const inner = `\n${indent.repeat(depth + 1)}`;
  return `${open}${inner}${parts.join(`,${inner}`)}\n${indent.repeat(depth)}${close}`;
}

/** What the policy's function makes of a value; `undefined` = there is none. */
function customJson(
  runtime: Runtime,
  value: Value,
  width: number | bigint | undefined,
  step: string | undefined,
): string | undefined {
  const { jsonDumpsFunction: dumps, jsonDumpsKwargs: kwargs } = runtime.environment.policies;
  if (dumps === undefined) return undefined;
  const indent = width === undefined ? step : Number(width);
  try {
    const text = dumps(toHost(value, runtime), indent === undefined ? kwargs : { ...kwargs, indent });
    if (typeof text !== "string") throw new TypeError("it did not return a string");
    runtime.budget.chargeText(text.length);
    return text;
  } catch (error) {
    throw error instanceof JinjaError ? error : new HostError("jsonDumpsFunction() failed", error);
  }
}

function tojson(runtime: Runtime, value: Value, indent: Value | undefined): Value {
  const width = indent === undefined || indent === null ? undefined : intOf(indent);
  const step = width === undefined ? textOf(indent ?? null) : undefined;
  if (width !== undefined) runtime.budget.chargeText(Number(width));
  const style: JsonStyle = {
    runtime,
    indent: width === undefined ? step : " ".repeat(Math.max(0, Number(width))),
    sortKeys: runtime.environment.policies.jsonSortKeys,
  };
  const json = (customJson(runtime, value, width, step) ?? toJson(value, style))
    .replaceAll("<", "\\u003c")
    .replaceAll(">", "\\u003e")
    .replaceAll("&", "\\u0026")
    .replaceAll("'", "\\u0027");
  return new Markup(json);
}

function defaultValue(value: Value, otherwise: Value, whenFalse: boolean): Value {
  return value instanceof Undefined || (whenFalse && !isTruthy(value)) ? otherwise : value;
}

/** The filters that take any value. */
export const valueFilters: BuiltinTable = builtinTable([
  [
    "attr",
    "obj name",
    (runtime, [value, name]) =>
      getAttributeOnly(value ?? null, textOf(name ?? null) ?? softText(name, runtime), runtime),
  ],
  [
    "default d",
    "value default_value? boolean?",
    (_runtime, [value, otherwise = "", whenFalse]) =>
      defaultValue(value ?? null, otherwise, isTruthy(whenFalse ?? false)),
  ],
  [
    "escape e",
    "s",
    (runtime, [value]) => {
      const text = escaped(value, runtime);
      runtime.budget.charge(text.length / 8);
      runtime.budget.chargeText(text.length);
      return new Markup(text);
    },
  ],
  [
    "forceescape",
    "value",
    (runtime, [value]) => {
      const text = escapeText(softText(value, runtime));
      runtime.budget.charge(text.length / 8);
      runtime.budget.chargeText(text.length);
      return new Markup(text);
    },
  ],
  ["safe", "value", (runtime, [value]) => new Markup(softText(value, runtime))],
  ["pprint", "value", (runtime, [value]) => prettyPrint(value ?? null, runtime)],
  ["tojson", "value indent?", (runtime, [value, indent]) => tojson(runtime, value ?? null, indent)],
]);
