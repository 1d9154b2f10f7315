import { PythonError, SizeLimitError, valueError } from "../errors.ts";
import type { Budget } from "../limits.ts";
import { floatOf } from "./float.ts";
import type { Value } from "./object.ts";

/** An integer: `number` while it is safe, `bigint` beyond. */
export type Int = number | bigint;

/** Digits from which Python refuses to turn an integer into text or back. */
const maxIntegerDigits = 4300;

/** The canonical form of a big integer. */
export function normalizeInt(value: bigint): Int {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(value)
    : value;
}

/** Whether `value` is an integer and not a bool. */
export function isInt(value: Value): value is Int {
  return typeof value === "bigint" || Number.isSafeInteger(value);
}

/** The integer in an int or bool; `undefined` if `value` is neither. */
export function intOf(value: Value): Int | undefined {
  if (isInt(value)) return value;
  return typeof value === "boolean" ? Number(value) : undefined;
}

/**
 * The JavaScript number in an int, bool or float; `undefined` if `value` is none of them.
 * @throws OverflowError when an integer is too large for a float.
 */
export function realOf(value: Value): number | undefined {
  const float = floatOf(value);
  if (float !== undefined) return float;
  const int = intOf(value);
  return int === undefined ? undefined : intToNumber(int);
}

/** @throws OverflowError when the integer is too large for a float. */
export function intToNumber(value: Int): number {
  const result = Number(value);
  if (!Number.isFinite(result)) {
    throw new PythonError("OverflowError", "int too large to convert to float");
  }
  return result;
}

/** @throws ValueError for NaN, OverflowError for infinities. */
export function truncateToInt(value: number): Int {
  if (Number.isNaN(value)) throw valueError("cannot convert float NaN to integer");
  if (!Number.isFinite(value)) {
    throw new PythonError("OverflowError", "cannot convert float infinity to integer");
  }
  const whole = Math.trunc(value);
  return Number.isSafeInteger(whole) ? (whole === 0 ? 0 : whole) : BigInt(whole);
}

/** Decimal text of an integer; its length is booked. @throws ValueError past Python's 4300 digits. */
export function intToText(value: Int, budget: Budget): string {
  if (typeof value === "number") return String(value);
  const bits = bitLength(value);
  chargeBits(bits, budget);
  if (bits > maxIntegerDigits * 3.33) {
    const text = value.toString();
    if (text.length - (value < 0n ? 1 : 0) <= maxIntegerDigits) return text;
    throw valueError(`Exceeds the limit (${maxIntegerDigits} digits) for integer string conversion`);
  }
  return value.toString();
}

/** Reads decimal digits. @throws ValueError past Python's 4300 digits. */
export function parseDecimal(digits: string): Int {
  if (digits.length <= 15) return Number(digits);
  if (digits.length > maxIntegerDigits) {
    throw valueError(`Exceeds the limit (${maxIntegerDigits} digits) for integer string conversion`);
  }
  return normalizeInt(BigInt(digits));
}

/** Number of bits of the absolute value, within 4 bits above the truth for big integers. */
export function bitLength(value: Int): number {
  if (typeof value === "number") {
    const size = Math.abs(value);
    return size === 0 ? 0 : Math.floor(Math.log2(size)) + 1;
  }
  return (value < 0n ? -value : value).toString(16).length * 4;
}

/** Books an integer of `bits` bits. @throws {@link SizeLimitError} when that is too many. */
export function chargeBits(bits: number, budget: Budget): void {
  const limit = Math.min(budget.limits.maxValueSize, 262_144);
  if (bits > limit) throw new SizeLimitError("an integer, in bits,", limit);
  budget.charge(1 + bits / 16);
}
