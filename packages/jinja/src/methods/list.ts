import { PythonError, typeError, valueError } from "../errors.ts";
import { type BuiltinTable, builtinTable } from "../runtime/builtin.ts";
import { callValue } from "../runtime/calls.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { compareValues, identicalOrEqual } from "../values/compare.ts";
import { toList } from "../values/iterate.ts";
import { intOf } from "../values/numbers.ts";
import { type Value, typeName } from "../values/object.ts";
import { isTruthy } from "../values/truth.ts";
import { Tuple } from "../values/tuple.ts";

/** @throws TypeError when it is no integer. */
function requireInt(value: Value | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  const int = intOf(value);
  if (int === undefined) {
    throw typeError(`'${typeName(value)}' object cannot be interpreted as an integer`);
  }
  return Number(int);
}

function indexOf(
  runtime: Runtime,
  items: readonly Value[],
  [wanted, start, end]: readonly (Value | undefined)[],
  what: string,
): number {
  const clamp = (bound: number): number => (bound < 0 ? Math.max(0, bound + items.length) : bound);
  const last = Math.min(clamp(requireInt(end, items.length)), items.length);
  for (let i = clamp(requireInt(start, 0)); i < last; i += 1) {
    runtime.budget.charge(1);
    if (identicalOrEqual(items[i] ?? null, wanted ?? null, runtime.budget)) return i;
  }
  throw valueError(`${what} not in ${what === "x" ? "list" : "tuple"}`);
}

function countOf(runtime: Runtime, items: readonly Value[], wanted: Value): number {
  runtime.budget.charge(items.length);
  return items.filter((item) => identicalOrEqual(item, wanted, runtime.budget)).length;
}

/** Sorts stably in Python's order. @throws TypeError where two items have none. */
export function sortItems(
  runtime: Runtime,
  items: readonly Value[],
  key: (item: Value) => Value,
  reverse: boolean,
): Value[] {
  runtime.budget.charge(items.length * (1 + Math.log2(items.length + 1)));
  const keyed = items.map((item) => ({ item, key: key(item) }));
  keyed.sort((a, b) => {
    const order = reverse
      ? compareValues(b.key, a.key, "<", runtime.budget)
      : compareValues(a.key, b.key, "<", runtime.budget);
    return Number.isNaN(order) ? 0 : order;
  });
  return keyed.map(({ item }) => item);
}

const asList = (value: Value | undefined): Value[] => value as Value[];

/** Python's methods of `list`. Lists of the host are copies, so none of these reaches the host. */
export const listMethods: BuiltinTable = builtinTable([
  [
    "append",
    "self object",
    (runtime, [self, item]) => {
      runtime.budget.chargeItems(0);
      asList(self).push(item ?? null);
      return null;
    },
  ],
  [
    "clear",
    "self",
    (_runtime, [self]) => {
      asList(self).length = 0;
      return null;
    },
  ],
  ["copy", "self", (runtime, [self]) => toList(asList(self), runtime.budget)],
  ["count", "self value", (runtime, [self, value]) => countOf(runtime, asList(self), value ?? null)],
  [
    "extend",
    "self iterable",
    (runtime, [self, iterable]) => {
      for (const item of toList(iterable ?? null, runtime.budget)) asList(self).push(item);
      return null;
    },
  ],
  [
    "index",
    "self value start? stop?",
    (runtime, [self, ...rest]) => indexOf(runtime, asList(self), rest, "x"),
  ],
  [
    "insert",
    "self index object",
    (runtime, [self, index, item]) => {
      const list = asList(self);
      runtime.budget.charge(1 + list.length / 16);
      list.splice(requireInt(index, 0), 0, item ?? null);
      return null;
    },
  ],
  [
    "pop",
    "self index?",
    (runtime, [self, index]) => {
      const list = asList(self);
      runtime.budget.charge(1 + list.length / 16);
      if (list.length === 0) throw new PythonError("IndexError", "pop from empty list");
      const given = requireInt(index, -1);
      const at = given < 0 ? given + list.length : given;
      if (at < 0 || at >= list.length) throw new PythonError("IndexError", "pop index out of range");
      return list.splice(at, 1)[0] ?? null;
    },
  ],
  [
    "remove",
    "self value",
    (runtime, [self, value]) => {
      const list = asList(self);
      list.splice(indexOf(runtime, list, [value], "x"), 1);
      return null;
    },
  ],
  [
    "reverse",
    "self",
    (runtime, [self]) => {
      runtime.budget.charge(asList(self).length);
      asList(self).reverse();
      return null;
    },
  ],
  [
    "sort",
    "self key? reverse?",
    (runtime, [self, key, reverse]) => {
      const list = asList(self);
      const keyOf = (item: Value): Value =>
        key === undefined || key === null ? item : callValue(key, [item], undefined, runtime);
      const sorted = sortItems(runtime, list, keyOf, isTruthy(reverse ?? false));
      list.splice(0, list.length, ...sorted);
      return null;
    },
  ],
]);

/** The items of a tuple or range. */
function fixedItems(runtime: Runtime, value: Value | undefined): readonly Value[] {
  return value instanceof Tuple ? value.items : toList(value ?? null, runtime.budget);
}

/** Python's methods of `tuple`, which `range` has too. */
export const tupleMethods: BuiltinTable = builtinTable([
  [
    "count",
    "self value",
    (runtime, [self, value]) => countOf(runtime, fixedItems(runtime, self), value ?? null),
  ],
  [
    "index",
    "self value start? stop?",
    (runtime, [self, ...rest]) => indexOf(runtime, fixedItems(runtime, self), rest, "tuple.index(x): x"),
  ],
]);
