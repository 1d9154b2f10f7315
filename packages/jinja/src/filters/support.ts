import { FilterArgumentError, typeError } from "../errors.ts";
import { getItem } from "../runtime/attributes.ts";
import type { Budget } from "../limits.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { Markup, escapeText, textOf } from "../values/markup.ts";
import { intOf } from "../values/numbers.ts";
import { type Value, typeName } from "../values/object.ts";
import { str } from "../values/repr.ts";
import { Undefined } from "../values/undefined.ts";

/** A getter of `attribute`, which may be dotted, an index, or unset for the item itself. */
export type Getter = (item: Value) => Value;

/** Makes a getter; `fallback` stands in for what is undefined. */
export function attributeGetter(
  runtime: Runtime,
  attribute: Value | undefined,
  fallback?: Value,
  post: (value: Value) => Value = (value) => value,
): Getter {
  const parts = attributeParts(attribute);
  runtime.budget.charge(parts.length);
  return (item) => {
    let value = item;
    runtime.budget.charge(parts.length);
    for (const part of parts) {
      value = getItem(value, part, runtime);
      if (fallback !== undefined && value instanceof Undefined) value = fallback;
    }
    return post(value);
  };
}

/** `a.b.0` in parts, the digits as integers. */
function attributeParts(attribute: Value | undefined): Value[] {
  if (attribute === undefined || attribute === null) return [];
  const text = textOf(attribute);
  if (text === undefined) return [attribute];
  return text.split(".").map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

/** Lower case for texts, so that comparing ignores it; the work is booked. */
export function ignoreCase(value: Value, budget: Budget): Value {
  const text = textOf(value);
  if (text === undefined) return value;
  budget.charge(text.length / 16);
  return text.toLowerCase();
}

/** Python's `str()` of an argument that is turned into text: what Jinja2 calls a soft string. */
export function softText(value: Value | undefined, runtime: Runtime): string {
  return str(value ?? null, runtime.budget);
}

/** The text, escaped unless it is Markup. */
export function escaped(value: Value | undefined, runtime: Runtime): string {
  return value instanceof Markup ? value.text : escapeText(softText(value, runtime));
}

/** Markup if `like` is, else a plain string. */
export function sameKind(like: Value | undefined, text: string): Value {
  return like instanceof Markup ? new Markup(text) : text;
}

/** @throws TypeError when it is no integer, UndefinedError when undefined. */
export function intArgument(value: Value | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  const int = intOf(value);
  if (int !== undefined) return Number(int);
  if (value instanceof Undefined) throw value.error();
  throw typeError(`'${typeName(value)}' object cannot be interpreted as an integer`);
}

/** @throws {@link FilterArgumentError} */
export function badArgument(message: string): never {
  throw new FilterArgumentError(message);
}
