import { PythonError, typeError, unreachable } from "../errors.ts";
import type { Budget } from "../limits.ts";
import { formatPercent } from "../format/percent.ts";
import { makeFloat } from "./float.ts";
import {
  addInts,
  divideInts,
  divmodFloats,
  floorDivideInts,
  moduloInts,
  multiplyInts,
  negateInt,
  powerFloats,
  powerInts,
  reciprocalPower,
  subtractInts,
  zeroDivision,
} from "./int-arithmetic.ts";
import { Markup, escapeText, textOf } from "./markup.ts";
import { intOf, realOf } from "./numbers.ts";
import { type Value, typeName } from "./object.ts";
import { Tuple } from "./tuple.ts";
import { ChainableUndefined, Undefined } from "./undefined.ts";

/** Python's binary arithmetic operators. */
export type BinaryOperator = "+" | "-" | "*" | "/" | "//" | "%" | "**";

/**
 * Python's `a operator b`.
 * @throws TypeError, ZeroDivisionError, OverflowError as Python; a {@link LimitError} where the result is too large.
 */
export function binary(operator: BinaryOperator, a: Value, b: Value, budget: Budget): Value {
  if (operator === "%" && textOf(a) !== undefined) return formatText(a, b, budget);
  // A chainable undefined passes for an empty Markup.
  if (operator === "+" && a instanceof Markup && b instanceof ChainableUndefined) return a;
  if (operator === "+" && b instanceof Markup && a instanceof ChainableUndefined) return b;
  if (a instanceof Undefined) throw a.error();
  if (b instanceof Undefined) throw b.error();
  const x = intOf(a);
  const y = intOf(b);
  if (x !== undefined && y !== undefined) return binaryInts(operator, x, y, budget);
  const sequence = binarySequences(operator, a, b, budget);
  if (sequence !== undefined) return sequence;
  if (isNumber(a) && isNumber(b)) return binaryFloats(operator, realOf(a) ?? 0, realOf(b) ?? 0);
  const symbol = operator === "**" ? "** or pow()" : operator;
  throw typeError(`unsupported operand type(s) for ${symbol}: '${typeName(a)}' and '${typeName(b)}'`);
}

function isNumber(value: Value): boolean {
  return ["int", "float", "bool"].includes(typeName(value));
}

function binaryInts(operator: BinaryOperator, x: number | bigint, y: number | bigint, budget: Budget): Value {
  switch (operator) {
    case "+":
      return addInts(x, y, budget);
    case "-":
      return subtractInts(x, y, budget);
    case "*":
      return multiplyInts(x, y, budget);
    case "/":
      return makeFloat(divideInts(x, y, budget));
    case "//":
      return floorDivideInts(x, y, budget);
    case "%":
      return moduloInts(x, y, budget);
    case "**":
      return y < 0 ? makeFloat(reciprocalPower(x, y)) : powerInts(x, y, budget);
    default:
      return unreachable(operator);
  }
}

function binaryFloats(operator: BinaryOperator, x: number, y: number): Value {
  switch (operator) {
    case "+":
      return makeFloat(x + y);
    case "-":
      return makeFloat(x - y);
    case "*":
      return makeFloat(x * y);
    case "/":
      if (y === 0) throw zeroDivision("float division by zero");
      return makeFloat(x / y);
    case "//":
      return makeFloat(divmodFloats(x, y, "float floor division by zero")[0]);
    case "%":
      return makeFloat(divmodFloats(x, y, "float modulo")[1]);
    case "**":
      return makeFloat(powerFloats(x, y));
    default:
      return unreachable(operator);
  }
}

function binarySequences(operator: BinaryOperator, a: Value, b: Value, budget: Budget): Value | undefined {
  if (operator === "+") return concatenate(a, b, budget);
  if (operator !== "*") return undefined;
  const times = intOf(b);
  if (times !== undefined) return repeat(a, times, budget);
  const timesFirst = intOf(a);
  return timesFirst === undefined ? undefined : repeat(b, timesFirst, budget);
}

function concatenate(a: Value, b: Value, budget: Budget): Value | undefined {
  const left = textOf(a);
  const right = textOf(b);
  if (left !== undefined && right !== undefined) {
    budget.chargeText(left.length + right.length);
    if (typeof a === "string" && typeof b === "string") return a + b;
    return new Markup(
      (typeof a === "string" ? escapeText(a) : left) + (typeof b === "string" ? escapeText(b) : right),
    );
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    budget.chargeItems(a.length + b.length);
    return [...a, ...b];
  }
  if (a instanceof Tuple && b instanceof Tuple) {
    budget.chargeItems(a.items.length + b.items.length);
    return new Tuple([...a.items, ...b.items]);
  }
  if (left !== undefined) {
    throw typeError(`can only concatenate str (not "${typeName(b)}") to str`);
  }
  if (Array.isArray(a)) {
    throw typeError(`can only concatenate list (not "${typeName(b)}") to list`);
  }
  return undefined;
}

const isSequence = (value: Value): boolean =>
  textOf(value) !== undefined || Array.isArray(value) || value instanceof Tuple;

function repeat(value: Value, times: number | bigint, budget: Budget): Value | undefined {
  if (times > 2n ** 63n - 1n && isSequence(value)) {
    throw new PythonError("OverflowError", "cannot fit 'int' into an index-sized integer");
  }
  const count = times > 0 ? Number(times) : 0;
  if (typeof value === "string" || value instanceof Markup) {
    const text = typeof value === "string" ? value : value.text;
    const size = text.length === 0 ? 0 : text.length * count;
    budget.chargeText(size);
    const result = size === 0 ? "" : text.repeat(count);
    return typeof value === "string" ? result : new Markup(result);
  }
  const items = Array.isArray(value) ? value : value instanceof Tuple ? value.items : undefined;
  if (items === undefined) return undefined;
  const size = items.length === 0 ? 0 : items.length * count;
  budget.chargeItems(size);
  const result: Value[] = [];
  for (let i = 0; i < count && items.length > 0; i += 1) {
    for (const item of items) result.push(item);
  }
  return Array.isArray(value) ? result : new Tuple(result);
}

function formatText(a: Value, b: Value, budget: Budget): Value {
  return typeof a === "string"
    ? formatPercent(a, b, budget, undefined)
    : new Markup(formatPercent(textOf(a) ?? "", b, budget, escapeText));
}

/** Python's `-value` and `+value`. @throws TypeError, or UndefinedError. */
export function unary(operator: "-" | "+", value: Value): Value {
  if (value instanceof Undefined) throw value.error();
  const int = intOf(value);
  if (int !== undefined) return operator === "-" ? negateInt(int) : int;
  const float = realOf(value);
  if (float === undefined) {
    throw typeError(`bad operand type for unary ${operator}: '${typeName(value)}'`);
  }
  return makeFloat(operator === "-" ? -float : float);
}
