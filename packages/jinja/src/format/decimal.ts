/** Exact decimal views of floats: what Python's formatting and `round()` are defined by. */

/** `mantissa * 2 ** exponent`, the exact absolute value of a finite float. */
function decompose(value: number): { mantissa: bigint; exponent: number } {
  const bits = new BigUint64Array(new Float64Array([Math.abs(value)]).buffer)[0] ?? 0n;
  const fraction = bits & 0xfffffffffffffn;
  const biased = Number(bits >> 52n);
  return biased === 0
    ? { mantissa: fraction, exponent: -1074 }
    : { mantissa: fraction | 0x10000000000000n, exponent: biased - 1075 };
}

/** `|value| * 10 ** digits`, rounded to an integer, ties to even. `value` must be finite. */
function scaledInteger(value: number, digits: number): bigint {
  const { mantissa, exponent } = decompose(value);
  let numerator = mantissa;
  let denominator = 1n;
  if (exponent >= 0) numerator <<= BigInt(exponent);
  else denominator <<= BigInt(-exponent);
  if (digits >= 0) numerator *= 10n ** BigInt(digits);
  else denominator *= 10n ** BigInt(-digits);
  return divideHalfEven(numerator, denominator);
}

/** Quotient of two non-negative integers, ties to even. */
export function divideHalfEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const doubled = (numerator % denominator) * 2n;
  if (doubled > denominator || (doubled === denominator && quotient % 2n === 1n)) {
    return quotient + 1n;
  }
  return quotient;
}

/** Whether the sign bit is set, also of -0. */
export function isNegative(value: number): boolean {
  return value < 0 || Object.is(value, -0);
}

/** Digits with exactly `precision` places after the point, without sign: `%f`. */
export function fixedDigits(value: number, precision: number): string {
  const digits = scaledInteger(value, precision)
    .toString()
    .padStart(precision + 1, "0");
  const split = digits.length - precision;
  return precision === 0 ? digits : `${digits.slice(0, split)}.${digits.slice(split)}`;
}

/** One digit, `precision` digits after the point, and the power of ten, without sign: `%e`. */
export function scientificDigits(value: number, precision: number): { digits: string; exponent: number } {
  if (value === 0) return { digits: "0".repeat(precision + 1), exponent: 0 };
  let exponent = Math.floor(Math.log10(Math.abs(value)));
  let digits = scaledInteger(value, precision - exponent).toString();
  // log10 may be off by one, and rounding may carry into one digit more.
  while (digits.length > precision + 1) {
    exponent += 1;
    digits = scaledInteger(value, precision - exponent).toString();
  }
  while (digits.length < precision + 1) {
    exponent -= 1;
    digits = scaledInteger(value, precision - exponent).toString();
    if (digits.length > precision + 1) {
      return { digits: digits.slice(0, -1), exponent: exponent + 1 };
    }
  }
  return { digits, exponent };
}

/** Python's `round(float, digits)`. */
export function roundFloat(value: number, digits: number): number {
  if (!Number.isFinite(value) || digits > 323) return value;
  if (digits < -308) return isNegative(value) ? -0 : 0;
  const rounded = Number(`${scaledInteger(value, digits).toString()}e${-digits}`);
  return isNegative(value) ? -rounded : rounded;
}
