import { unreachable } from "../errors.ts";
import { fixedDigits, scientificDigits } from "./decimal.ts";

/** How a float is to be written; the letters are those of Python's format codes in lower case. */
export interface FloatStyle {
  readonly type: "e" | "f" | "g";
  readonly precision: number;
  /** `#`: keep the point and trailing zeros. */
  readonly alternate: boolean;
}

/** Text of `|value|`; the caller adds the sign, and upper case for the upper-case codes. */
export function formatFloat(value: number, style: FloatStyle): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return "inf";
  switch (style.type) {
    case "f":
      return fixedDigits(value, style.precision) + (style.alternate && style.precision === 0 ? "." : "");
    case "e":
      return formatScientific(value, style.precision, style.alternate);
    case "g":
      return formatGeneral(value, style.precision, style.alternate);
    default:
      return unreachable(style.type);
  }
}

function withExponent(mantissa: string, exponent: number): string {
  const size = Math.abs(exponent).toString().padStart(2, "0");
  return `${mantissa}e${exponent < 0 ? "-" : "+"}${size}`;
}

function formatScientific(value: number, precision: number, alternate: boolean): string {
  const { digits, exponent } = scientificDigits(value, precision);
  const point = precision > 0 || alternate ? "." : "";
  return withExponent(digits.slice(0, 1) + point + digits.slice(1), exponent);
}

function formatGeneral(value: number, precision: number, alternate: boolean): string {
  const significant = Math.max(precision, 1);
  const { digits, exponent } = scientificDigits(value, significant - 1);
  const trim = (text: string): string =>
    alternate || !text.includes(".") ? text : text.replace(/\.?0+$/, "");
  if (exponent < -4 || exponent >= significant) {
    const point = significant > 1 || alternate ? "." : "";
    return withExponent(trim(digits.slice(0, 1) + point + digits.slice(1)), exponent);
  }
  const text = fixedDigits(value, significant - 1 - exponent);
  return trim(alternate && !text.includes(".") ? `${text}.` : text);
}
