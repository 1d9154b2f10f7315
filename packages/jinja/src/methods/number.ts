import { typeError } from "../errors.ts";
import { type BuiltinTable, builtinTable } from "../runtime/builtin.ts";
import type { DateTime } from "../values/datetime.ts";
import { floatOf, makeFloat } from "../values/float.ts";
import { intOf } from "../values/numbers.ts";
import type { Value } from "../values/object.ts";
import { textOf } from "../values/markup.ts";

const magnitude = (value: Value | undefined): bigint => {
  const int = BigInt(intOf(value ?? 0) ?? 0);
  return int < 0n ? -int : int;
};

/** Python's methods of `int`. */
export const intMethods: BuiltinTable = builtinTable([
  [
    "bit_length",
    "self",
    (_runtime, [self]) => (magnitude(self) === 0n ? 0 : magnitude(self).toString(2).length),
  ],
  ["bit_count", "self", (_runtime, [self]) => magnitude(self).toString(2).replaceAll("0", "").length],
  ["conjugate", "self", (_runtime, [self]) => intOf(self ?? 0) ?? 0],
]);

/** Python's methods of `float`. */
export const floatMethods: BuiltinTable = builtinTable([
  ["is_integer", "self", (_runtime, [self]) => Number.isInteger(floatOf(self ?? 0))],
  ["conjugate", "self", (_runtime, [self]) => self ?? null],
]);

/** The attributes of Python's numbers; `undefined` = none of that name. */
export function numberAttribute(value: Value, name: string): Value | undefined {
  const int = intOf(value);
  const float = floatOf(value);
  if (int === undefined && float === undefined) return undefined;
  switch (name) {
    case "real":
      return int ?? value;
    case "imag":
      return int === undefined ? makeFloat(0) : 0;
    case "numerator":
      return int;
    case "denominator":
      return int === undefined ? undefined : 1;
    default:
      return undefined;
  }
}

const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

/** `strftime` in the C locale. @see https://docs.python.org/3/library/datetime.html#format-codes */
function formatTime(date: Date, format: string): string {
  const pad = (value: number, width = 2): string => value.toString().padStart(width, "0");
  const weekday = days[date.getUTCDay()] ?? "";
  const month = months[date.getUTCMonth()] ?? "";
  const start = Date.UTC(date.getUTCFullYear(), 0, 1);
  const dayOfYear = Math.floor((date.getTime() - start) / 86_400_000) + 1;
  const codes: ReadonlyMap<string, string> = new Map([
    ["Y", pad(date.getUTCFullYear(), 4)],
    ["y", pad(date.getUTCFullYear() % 100)],
    ["m", pad(date.getUTCMonth() + 1)],
    ["d", pad(date.getUTCDate())],
    ["H", pad(date.getUTCHours())],
    ["I", pad(date.getUTCHours() % 12 || 12)],
    ["M", pad(date.getUTCMinutes())],
    ["S", pad(date.getUTCSeconds())],
    ["f", pad(date.getUTCMilliseconds() * 1000, 6)],
    ["p", date.getUTCHours() < 12 ? "AM" : "PM"],
    ["A", weekday],
    ["a", weekday.slice(0, 3)],
    ["B", month],
    ["b", month.slice(0, 3)],
    ["j", pad(dayOfYear, 3)],
    ["w", String(date.getUTCDay())],
    ["z", "+0000"],
    ["Z", "UTC"],
    ["s", String(Math.floor(date.getTime() / 1000))],
    ["%", "%"],
  ]);
  return format.replace(/%([a-zA-Z%])/g, (whole, code: string) => codes.get(code) ?? whole);
}

/** Python's methods of `datetime` for the dates of the host. */
export const datetimeMethods: BuiltinTable = builtinTable([
  [
    "isoformat",
    "self sep?",
    (_runtime, [self, separator]) => (self as DateTime).isoFormat(textOf(separator ?? "T") ?? "T"),
  ],
  [
    "strftime",
    "self format",
    (runtime, [self, format]) => {
      const text = textOf(format ?? null);
      if (text === undefined) throw typeError("strftime() argument must be str");
      runtime.budget.chargeText(text.length * 10);
      return formatTime((self as DateTime).toDate(), text);
    },
  ],
  ["timestamp", "self", (_runtime, [self]) => makeFloat((self as DateTime).toDate().getTime() / 1000)],
  ["weekday", "self", (_runtime, [self]) => ((self as DateTime).toDate().getUTCDay() + 6) % 7],
]);
