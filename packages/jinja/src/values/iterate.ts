import { typeError } from "../errors.ts";
import type { Budget } from "../limits.ts";
import { PyObject, type Value, typeName } from "./object.ts";
import { codePoints, textLength } from "./text.ts";

/** Python's `iter(value)`; `undefined` = not iterable. Lists are walked live: appended items come too. */
export function tryIterate(value: Value, budget: Budget): Iterator<Value> | undefined {
  if (typeof value === "string") return codePoints(value, budget)[Symbol.iterator]();
  if (Array.isArray(value)) return value.values();
  return value instanceof PyObject ? value.iterate(budget) : undefined;
}

/** Python's `iter(value)`. @throws TypeError when not iterable. */
export function iterate(value: Value, budget: Budget): Iterator<Value> {
  const iterator = tryIterate(value, budget);
  if (iterator === undefined) throw typeError(`'${typeName(value)}' object is not iterable`);
  return iterator;
}

/** Like {@link iterate}, for `for … of`; books a step an item. */
export function* each(value: Value, budget: Budget): Generator<Value> {
  const iterator = iterate(value, budget);
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
    budget.charge(1);
    yield next.value;
  }
}

/** Python's `list(value)`: always a new list. @throws TypeError when not iterable. */
export function toList(value: Value, budget: Budget): Value[] {
  if (Array.isArray(value)) {
    budget.chargeItems(value.length);
    return value.slice();
  }
  const size = tryLength(value);
  if (size !== undefined) budget.chargeItems(size);
  const items: Value[] = [];
  const iterator = iterate(value, budget);
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
    if (size === undefined) budget.charge(1);
    items.push(next.value);
  }
  return items;
}

/** Python's `len(value)`; `undefined` = has none. */
export function tryLength(value: Value): number | undefined {
  if (typeof value === "string") return textLength(value);
  if (Array.isArray(value)) return value.length;
  return value instanceof PyObject ? value.size() : undefined;
}

/** Python's `len(value)`. @throws TypeError when it has none. */
export function lengthOf(value: Value): number {
  const size = tryLength(value);
  if (size === undefined) throw typeError(`object of type '${typeName(value)}' has no len()`);
  return size;
}
