import { DepthLimitError } from "../errors.ts";
import { type Budget, maxValueDepth } from "../limits.ts";
import { formatFloatRepr } from "./float-repr.ts";
import { intToText } from "./numbers.ts";
import type { ReprContext, Value } from "./object.ts";

/** Python's `repr(value)`. @throws {@link DepthLimitError} for values nested too deeply. */
export function repr(value: Value, budget: Budget): string {
  return reprIn(value, { budget, active: new Set() });
}

/** Python's `str(value)`. @throws {@link DepthLimitError} for values nested too deeply. */
export function str(value: Value, budget: Budget): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
  if (value === null || typeof value !== "object" || Array.isArray(value)) return repr(value, budget);
  return value.str({ budget, active: new Set() });
}

/** `repr` as part of a larger walk. */
export function reprIn(value: Value, context: ReprContext): string {
  if (value === null) return "None";
  switch (typeof value) {
    case "string":
      context.budget.chargeText(value.length);
      return reprString(value);
    case "boolean":
      return value ? "True" : "False";
    case "number":
      return Number.isSafeInteger(value) ? String(value) : formatFloatRepr(value);
    case "bigint":
      return intToText(value, context.budget);
    default:
      if (!Array.isArray(value)) return value.repr(context);
      return `[${reprItems(value, value, context, "...")}]`;
  }
}

/** The items of a container with commas; `cycle` where the container is already open. */
export function reprItems(
  owner: object,
  items: readonly Value[],
  context: ReprContext,
  cycle: string,
): string {
  return reprGuarded(owner, context, cycle, () => {
    context.budget.charge(1 + items.length);
    let text = "";
    for (const item of items) {
      text += text === "" ? reprIn(item, context) : `, ${reprIn(item, context)}`;
      context.budget.chargeText(0);
    }
    context.budget.chargeText(text.length);
    return text;
  });
}

/** Runs `body` unless `owner` is already being printed further out. */
export function reprGuarded(owner: object, context: ReprContext, cycle: string, body: () => string): string {
  if (context.active.has(owner)) return cycle;
  if (context.active.size >= maxValueDepth) throw new DepthLimitError("a value");
  context.active.add(owner);
  try {
    return body();
  } finally {
    context.active.delete(owner);
  }
}

const needsEscape = /[\\\p{C}\p{Z}']/u;

/** Python's `repr` of a string: single quotes unless only they occur inside; the unprintable as escapes. */
export function reprString(text: string): string {
  if (!needsEscape.test(text)) return `'${text}'`;
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let result = quote;
  for (const char of text) result += escapeChar(char, quote);
  return result + quote;
}

const unprintable = /[\p{C}\p{Z}]/u;

function escapeChar(char: string, quote: string): string {
  switch (char) {
    case quote:
    case "\\":
      return `\\${char}`;
    case "\n":
      return "\\n";
    case "\r":
      return "\\r";
    case "\t":
      return "\\t";
    case " ":
      return " ";
    default:
      return unprintable.test(char) ? escapeCode(char.codePointAt(0) ?? 0) : char;
  }
}

function escapeCode(code: number): string {
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\U${code.toString(16).padStart(8, "0")}`;
}
