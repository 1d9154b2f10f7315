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
  if (typeof a === "string" && typeof b === "string") return a === b;
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
  return Object.is(a, b) || equals(a, b, budget);
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

const surrogate = /[\ud800-\udfff]/;

/** Order by code points; JavaScript's own order is by UTF-16 units. */
export function compareStrings(a: string, b: string, budget: Budget): number {
  if (a === b) return 0;
  if (a.length + b.length > 64) budget.charge((a.length + b.length) / 64);
  if (!surrogate.test(a) && !surrogate.test(b)) return a < b ? -1 : 1;
  const left = Array.from(a, (char) => char.codePointAt(0) ?? 0);
  const right = Array.from(b, (char) => char.codePointAt(0) ?? 0);
  const shared = Math.min(left.length, right.length);
  for (let i = 0; i < shared; i += 1) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
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
