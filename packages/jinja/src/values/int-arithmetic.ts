import { PythonError, valueError } from "../errors.ts";
import type { Budget } from "../limits.ts";
import { type Int, bitLength, chargeBits, intToNumber, normalizeInt } from "./numbers.ts";

const isZero = (value: Int): boolean => value === 0 || value === 0n;

/** Exact sum. */
export function addInts(x: Int, y: Int, budget: Budget): Int {
  if (typeof x === "number" && typeof y === "number") {
    const sum = x + y;
    if (Number.isSafeInteger(sum)) return sum;
  }
  chargeBits(Math.max(bitLength(x), bitLength(y)), budget);
  return normalizeInt(BigInt(x) + BigInt(y));
}

/** Exact difference. */
export function subtractInts(x: Int, y: Int, budget: Budget): Int {
  return addInts(x, negateInt(y), budget);
}

/** Exact product. */
export function multiplyInts(x: Int, y: Int, budget: Budget): Int {
  if (typeof x === "number" && typeof y === "number") {
    const product = x * y;
    if (Number.isSafeInteger(product)) return product === 0 ? 0 : product;
  }
  chargeBits(bitLength(x) + bitLength(y), budget);
  return normalizeInt(BigInt(x) * BigInt(y));
}

/** `-x`, never negative zero. */
export function negateInt(x: Int): Int {
  return typeof x === "bigint" ? normalizeInt(-x) : 0 - x;
}

/** Quotient rounded down. @throws ZeroDivisionError */
export function floorDivideInts(x: Int, y: Int, budget: Budget): Int {
  if (isZero(y)) throw zeroDivision("integer division or modulo by zero");
  if (typeof x === "number" && typeof y === "number") {
    const rest = x % y;
    const quotient = (x - rest) / y;
    const result = rest !== 0 && rest < 0 !== y < 0 ? quotient - 1 : quotient;
    return result === 0 ? 0 : result;
  }
  chargeBits(bitLength(x), budget);
  const [a, b] = [BigInt(x), BigInt(y)];
  const quotient = a / b;
  const rest = a % b;
  return normalizeInt(rest !== 0n && rest < 0n !== b < 0n ? quotient - 1n : quotient);
}

/** Rest with the sign of the divisor. @throws ZeroDivisionError */
export function moduloInts(x: Int, y: Int, budget: Budget): Int {
  if (isZero(y)) throw zeroDivision("integer modulo by zero");
  if (typeof x === "number" && typeof y === "number") {
    const rest = x % y;
    const result = rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest;
    return result === 0 ? 0 : result;
  }
  chargeBits(bitLength(x), budget);
  const [a, b] = [BigInt(x), BigInt(y)];
  const rest = a % b;
  return normalizeInt(rest !== 0n && rest < 0n !== b < 0n ? rest + b : rest);
}

/** Quotient as a float, rounded correctly also where the integers are no floats. @throws ZeroDivisionError */
export function divideInts(x: Int, y: Int, budget: Budget): number {
  if (isZero(y)) throw zeroDivision("division by zero");
  if (typeof x === "number" && typeof y === "number") return x / y;
  chargeBits(bitLength(x) + bitLength(y), budget);
  const negative = x < 0 !== y < 0;
  const a = BigInt(x) < 0n ? -BigInt(x) : BigInt(x);
  const b = BigInt(y) < 0n ? -BigInt(y) : BigInt(y);
  // 66 bits of quotient and a bit for "there is a rest" let one rounding do.
  const shift = 66 - (bitLength(a) - bitLength(b));
  const scaled = shift >= 0 ? (a << BigInt(shift)) / b : a / (b << BigInt(-shift));
  const exact = shift >= 0 ? scaled * b === a << BigInt(shift) : scaled * (b << BigInt(-shift)) === a;
  const result = scale(Number(exact ? scaled : scaled | 1n), -shift);
  if (!Number.isFinite(result)) {
    throw new PythonError("OverflowError", "integer division result too large for a float");
  }
  return negative ? -result : result;
}

function scale(value: number, exponent: number): number {
  let result = value;
  let left = exponent;
  while (left > 1000) {
    result *= 2 ** 1000;
    left -= 1000;
  }
  while (left < -1000) {
    result *= 2 ** -1000;
    left += 1000;
  }
  return result * 2 ** left;
}

/** Exact power for exponents from 0. @throws {@link SizeLimitError} before it gets too large. */
export function powerInts(x: Int, exponent: Int, budget: Budget): Int {
  if (typeof x === "number" && typeof exponent === "number") {
    const quick = x ** exponent;
    if (Number.isSafeInteger(quick)) return quick === 0 ? 0 : quick;
  }
  const base = BigInt(x);
  if (base === 0n || base === 1n) return isZero(exponent) ? 1 : Number(base);
  if (base === -1n) return BigInt(exponent) % 2n === 0n ? 1 : -1;
  chargeBits(bitLength(base) * Number(exponent), budget);
  return normalizeInt(base ** BigInt(exponent));
}

/** Python's `x ** y` of floats. @throws ZeroDivisionError, OverflowError, or ValueError for a complex result. */
export function powerFloats(x: number, y: number): number {
  if (y === 0 || x === 1) return 1;
  if (x === 0 && y < 0) {
    throw zeroDivision("0.0 cannot be raised to a negative power");
  }
  if (x === -1 && !Number.isFinite(y) && !Number.isNaN(y)) return 1;
  if (x < 0 && Number.isFinite(x) && Number.isFinite(y) && !Number.isInteger(y)) {
    throw valueError("negative number cannot be raised to a fractional power");
  }
  const result = x ** y;
  if (!Number.isFinite(result) && Number.isFinite(x) && Number.isFinite(y)) {
    throw new PythonError("OverflowError", "(34, 'Numerical result out of range')");
  }
  return result;
}

/** `int ** negative int`, a float. */
export function reciprocalPower(x: Int, y: Int): number {
  return powerFloats(intToNumber(x), intToNumber(y));
}

/** Floor division and rest of floats, after Python's `float.__divmod__`. @throws ZeroDivisionError */
export function divmodFloats(x: number, y: number, message: string): [number, number] {
  if (y === 0) throw zeroDivision(message);
  let rest = x % y;
  let quotient = (x - rest) / y;
  if (rest === 0) {
    rest = y < 0 ? -0 : 0;
  } else if (rest < 0 !== y < 0) {
    rest += y;
    quotient -= 1;
  }
  if (quotient === 0) return [x / y < 0 || Object.is(x / y, -0) ? -0 : 0, rest];
  const floor = Math.floor(quotient);
  return [quotient - floor > 0.5 ? floor + 1 : floor, rest];
}

/** Shorthand for Python's `ZeroDivisionError`. */
export function zeroDivision(message: string): PythonError {
  return new PythonError("ZeroDivisionError", message);
}
