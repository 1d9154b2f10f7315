import { DepthLimitError, typeError } from "../errors.ts";
import { type Budget, maxValueDepth } from "../limits.ts";
import { floatOf } from "./float.ts";
import { intOf } from "./numbers.ts";
import { type Value, PyObject, typeName } from "./object.ts";

/** The number in any of Python's numbers, exact: a `bigint` where a `number` would round. */
function numericOf(value: Value): number | bigint | undefined {
  return intOf(value) ?? floatOf(value);
}

/** Python's `a == b`. @throws {@link DepthLimitError} for values nested too deeply. */
export function equals(a: Value, b: Value, budget: Budget): boolean {
  if (typeof a === "string" && typeof b === "string") return equalTexts(a, b, budget);
  if (a === b && typeof a !== "number") return true;
  if (Array.isArray(a)) return Array.isArray(b) && equalSequences(a, b, budget);
  const x = numericOf(a);
  if (x !== undefined) {
    const y = numericOf(b);
    if (y !== undefined) return sameNumber(x, y);
  }
  if (a instanceof PyObject) {
    const result = a.equals(b, budget);
    if (result !== undefined) return result;
  }
  return b instanceof PyObject ? (b.equals(a, budget) ?? false) : false;
}

/** `==` of two texts, with its work booked. */
export function equalTexts(a: string, b: string, budget: Budget): boolean {
  if (a.length !== b.length) return false;
  if (a.length > 64) budget.charge(a.length / 64);
  return a === b;
}

/** Equality of numbers of either kind, exact. */
function sameNumber(x: number | bigint, y: number | bigint): boolean {
  if (typeof x === typeof y) return x === y;
  const [float, int] = typeof x === "number" ? [x, y] : [Number(y), x];
  return Number.isInteger(float) && BigInt(float) === int;
}

/** `==` of two lists or tuples. */
export function equalSequences(a: readonly Value[], b: readonly Value[], budget: Budget): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  return deeper(budget, () => {
    for (let i = 0; i < a.length; i += 1) {
      budget.charge(1);
      if (!identicalOrEqual(a[i] as Value, b[i] as Value, budget)) return false;
    }
    return true;
  });
}

/** What containers ask: the same object, or `==`. NaN is found by identity, as in Python. */
export function identicalOrEqual(a: Value, b: Value, budget: Budget): boolean {
  return (typeof a !== "string" && Object.is(a, b)) || equals(a, b, budget);
}

/**
 * Sign of `a - b` in Python's order; NaN where floats have none.
 * @throws TypeError naming `operator` where the two have no order.
 */
export function compareValues(a: Value, b: Value, operator: string, budget: Budget): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "string" && typeof b === "string") return compareStrings(a, b, budget);
  const x = numericOf(a);
  const y = numericOf(b);
  if (x !== undefined && y !== undefined) {
    if (x < y) return -1;
    if (x > y) return 1;
    return sameNumber(x, y) ? 0 : Number.NaN;
  }
  if (Array.isArray(a) && Array.isArray(b)) return compareSequences(a, b, budget, operator);
  const left = a instanceof PyObject ? a.compare(b, budget) : undefined;
  if (left !== undefined) return left;
  const right = b instanceof PyObject ? b.compare(a, budget) : undefined;
  if (right !== undefined) return -right;
  throw typeError(`'${operator}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`);
}

/** Order of two lists or tuples: by the first elements that differ, then by length. */
export function compareSequences(
  a: readonly Value[],
  b: readonly Value[],
  budget: Budget,
  operator = "<",
): number {
  return deeper(budget, () => {
    const shared = Math.min(a.length, b.length);
    for (let i = 0; i < shared; i += 1) {
      budget.charge(1);
      const x = a[i] as Value;
      const y = b[i] as Value;
      if (!identicalOrEqual(x, y, budget)) return compareValues(x, y, operator, budget);
    }
    return a.length - b.length;
  });
}

/** Order by code points; JavaScript's own order is by UTF-16 units. */
export function compareStrings(a: string, b: string, budget: Budget): number {
  const shared = Math.min(a.length, b.length);
  if (shared > 64) budget.charge(shared / 64);
  if (a === b) return 0;
  let at = 0;
  while (at < shared && a.charCodeAt(at) === b.charCodeAt(at)) at += 1;
  if (at > 64) budget.charge(at / 16);
  if (at === shared) return a.length - b.length;
  return unitRank(a.charCodeAt(at)) - unitRank(b.charCodeAt(at));
}

/** A UTF-16 unit's place in the order of code points: surrogates stand for those above all others. */
function unitRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

function deeper<T>(budget: Budget, body: () => T): T {
  if (budget.valueDepth >= maxValueDepth) throw new DepthLimitError("a value");
  budget.valueDepth += 1;
  try {
    return body();
  } finally {
    budget.valueDepth -= 1;
  }
}
