import { type BuiltinCode, type BuiltinTable, builtinTable } from "../runtime/builtin.ts";
import { HostObject } from "../runtime/host.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { binary } from "../values/arithmetic.ts";
import { Bytes } from "../values/bytes.ts";
import { Callable } from "../values/callable.ts";
import { compareValues, equals } from "../values/compare.ts";
import { contains } from "../values/contains.ts";
import { Dict } from "../values/dict.ts";
import { hashKey } from "../values/hash.ts";
import { floatOf } from "../values/float.ts";
import { tryIterate } from "../values/iterate.ts";
import { Markup, textOf } from "../values/markup.ts";
import { intOf, isInt } from "../values/numbers.ts";
import type { Value } from "../values/object.ts";
import { Range } from "../values/range.ts";
import { str } from "../values/repr.ts";
import { Tuple } from "../values/tuple.ts";
import { ChainableUndefined, StrictUndefined, Undefined } from "../values/undefined.ts";

const of =
  (decide: (value: Value, runtime: Runtime) => boolean): BuiltinCode =>
  (runtime, [value]) =>
    decide(value ?? null, runtime);

const against =
  (decide: (value: Value, other: Value, runtime: Runtime) => boolean): BuiltinCode =>
  (runtime, [value, other]) =>
    decide(value ?? null, other ?? null, runtime);

const compared = (operator: string, fits: (sign: number) => boolean): BuiltinCode =>
  against((value, other, { budget }) => fits(compareValues(value, other, operator, budget)));

function rest(value: Value, divisor: Value, runtime: Runtime): Value {
  return binary("%", value, divisor, runtime.budget);
}

/** @throws TypeError for a value that can be no key */
function isKnown(value: Value, { budget }: Runtime, find: (name: string) => unknown): boolean {
  const key = hashKey(value, budget);
  return typeof key === "string" && find(key) !== undefined;
}

function isIterable(value: Value, { budget }: Runtime): boolean {
  return tryIterate(value, budget) !== undefined;
}

function isSequence(value: Value): boolean {
  if (value instanceof Undefined) return !(value instanceof StrictUndefined);
  return (
    textOf(value) !== undefined ||
    Array.isArray(value) ||
    value instanceof Tuple ||
    value instanceof Dict ||
    value instanceof Range ||
    value instanceof Bytes
  );
}

function sameAs(value: Value, other: Value): boolean {
  if (value instanceof HostObject && other instanceof HostObject) return value.target === other.target;
  const [x, y] = [floatOf(value), floatOf(other)];
  return x !== undefined && y !== undefined ? Object.is(x, y) : value === other;
}

/** Jinja2's 39 tests. */
export const builtinTests: BuiltinTable = builtinTable([
  ["odd", "value", of((value, runtime) => equals(rest(value, 2, runtime), 1, runtime.budget))],
  ["even", "value", of((value, runtime) => equals(rest(value, 2, runtime), 0, runtime.budget))],
  [
    "divisibleby",
    "value num",
    against((value, num, runtime) => equals(rest(value, num, runtime), 0, runtime.budget)),
  ],
  ["defined", "value", of((value) => !(value instanceof Undefined))],
  ["undefined", "value", of((value) => value instanceof Undefined)],
  [
    "filter",
    "value",
    of((value, runtime) => isKnown(value, runtime, (name) => runtime.environment.findFilter(name))),
  ],
  [
    "test",
    "value",
    of((value, runtime) => isKnown(value, runtime, (name) => runtime.environment.findTest(name))),
  ],
  ["none", "value", of((value) => value === null)],
  ["boolean", "value", of((value) => typeof value === "boolean")],
  ["false", "value", of((value) => value === false)],
  ["true", "value", of((value) => value === true)],
  ["integer", "value", of((value) => isInt(value))],
  ["float", "value", of((value) => floatOf(value) !== undefined)],
  ["lower", "value", of((value, { budget }) => isCased(str(value, budget), (text) => text.toLowerCase()))],
  ["upper", "value", of((value, { budget }) => isCased(str(value, budget), (text) => text.toUpperCase()))],
  ["string", "value", of((value) => textOf(value) !== undefined)],
  ["mapping", "value", of((value) => value instanceof Dict)],
  ["number", "value", of((value) => intOf(value) !== undefined || floatOf(value) !== undefined)],
  ["sequence", "value", of(isSequence)],
  ["iterable", "value", of((value, runtime) => isIterable(value, runtime))],
  ["callable", "value", of((value) => value instanceof Callable || value instanceof Undefined)],
  ["sameas", "value other", against(sameAs)],
  ["escaped", "value", of((value) => value instanceof Markup || value instanceof ChainableUndefined)],
  ["in", "value seq", against((value, seq, { budget }) => contains(seq, value, budget))],
  ["== eq equalto", "a b", against((a, b, { budget }) => equals(a, b, budget))],
  ["!= ne", "a b", against((a, b, { budget }) => !equals(a, b, budget))],
  ["> gt greaterthan", "a b", compared(">", (sign) => sign > 0)],
  [">= ge", "a b", compared(">=", (sign) => sign >= 0)],
  ["< lt lessthan", "a b", compared("<", (sign) => sign < 0)],
  ["<= le", "a b", compared("<=", (sign) => sign <= 0)],
]);

function isCased(text: string, fold: (text: string) => string): boolean {
  return fold(text) === text && text.toLowerCase() !== text.toUpperCase();
}
