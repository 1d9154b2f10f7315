import { typeError, valueError } from "../errors.ts";
import type { Budget } from "../limits.ts";
import { Markup, textOf } from "./markup.ts";
import { intOf } from "./numbers.ts";
import { type Value, typeName } from "./object.ts";
import { Range } from "./range.ts";
import { codePoints } from "./text.ts";
import { Tuple } from "./tuple.ts";
import { Undefined } from "./undefined.ts";

/** A slice's bounds made fit for a sequence: `count` steps of `step` from `start`. */
interface Bounds {
  readonly start: number;
  readonly stop: number;
  readonly step: number;
  readonly count: number;
}

/** Python's `value[start:stop:step]`. @throws TypeError, ValueError for step 0, or UndefinedError. */
export function sliceValue(value: Value, start: Value, stop: Value, step: Value, budget: Budget): Value {
  const text = textOf(value);
  if (text !== undefined) {
    const points = codePoints(text, budget);
    const picked = pickText(points, bounds(points.length, start, stop, step), budget);
    return value instanceof Markup ? new Markup(picked) : picked;
  }
  if (Array.isArray(value)) {
    return pickItems(value, bounds(value.length, start, stop, step), budget);
  }
  if (value instanceof Tuple) {
    const { items } = value;
    return new Tuple(pickItems(items, bounds(items.length, start, stop, step), budget));
  }
  if (value instanceof Range) {
    const found = bounds(value.length, start, stop, step);
    return new Range(
      value.start + found.start * value.step,
      value.start + found.stop * value.step,
      value.step * found.step,
    );
  }
  if (value instanceof Undefined) return value.child("slice");
  throw typeError(
    typeName(value) === "dict"
      ? "unhashable type: 'slice'"
      : `'${typeName(value)}' object is not subscriptable`,
  );
}

function pickItems(items: readonly Value[], { start, step, count }: Bounds, budget: Budget): Value[] {
  budget.chargeItems(count);
  if (step === 1) return items.slice(start, start + count);
  return Array.from({ length: count }, (_, i) => items[start + i * step] ?? null);
}

function pickText(
  points: string | readonly string[],
  { start, step, count }: Bounds,
  budget: Budget,
): string {
  budget.chargeText(count);
  if (typeof points === "string" && step === 1) return points.slice(start, start + count);
  return Array.from({ length: count }, (_, i) => points[start + i * step]).join("");
}

function bounds(length: number, start: Value, stop: Value, step: Value): Bounds {
  const stride = index(step) ?? 1;
  if (stride === 0) throw valueError("slice step cannot be zero");
  const low = stride > 0 ? 0 : -1;
  const high = stride > 0 ? length : length - 1;
  const clamp = (bound: number | undefined, otherwise: number): number => {
    if (bound === undefined) return otherwise;
    const position = bound < 0 ? bound + length : bound;
    return Math.min(Math.max(position, low), high);
  };
  const first = clamp(index(start), stride > 0 ? low : high);
  const last = clamp(index(stop), stride > 0 ? high : low);
  const count = Math.max(0, Math.ceil((last - first) / stride));
  return { start: first, stop: last, step: stride, count };
}

function index(value: Value): number | undefined {
  if (value === null) return undefined;
  const int = intOf(value);
  if (int !== undefined) return Number(int);
  if (value instanceof Undefined) throw value.error();
  throw typeError("slice indices must be integers or None or have an __index__ method");
}
