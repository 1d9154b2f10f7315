import { PythonError, typeError } from "../errors.ts";
import { type BuiltinTable, builtinTable } from "../runtime/builtin.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { Dict } from "../values/dict.ts";
import { DictView } from "../values/dict-view.ts";
import { each, toList, tryIterate } from "../values/iterate.ts";
import { type Kwargs, type Value, orElse } from "../values/object.ts";
import { repr } from "../values/repr.ts";
import { Tuple } from "../values/tuple.ts";

const asDict = (value: Value | undefined): Dict => value as Dict;

/** Python's `dict.update`: from a mapping or from pairs, then from keywords. @throws TypeError, ValueError */
export function updateDict(
  runtime: Runtime,
  dict: Dict,
  source: Value | undefined,
  kwargs: Kwargs | undefined,
): void {
  const { budget } = runtime;
  if (source instanceof Dict) {
    budget.charge(2 * source.size());
    for (const [key, value] of Array.from(source.entries())) dict.set(key, value, budget);
  } else if (source !== undefined) {
    let index = 0;
    for (const pair of each(source, budget)) {
      if (tryIterate(pair, budget) === undefined) {
        throw typeError(`cannot convert dictionary update sequence element #${index} to a sequence`);
      }
      const parts = toList(pair, budget);
      if (parts.length !== 2) {
        throw new PythonError(
          "ValueError",
          `dictionary update sequence element #${index} has length ${parts.length}; 2 is required`,
        );
      }
      dict.set(parts[0] ?? null, parts[1] ?? null, budget);
      index += 1;
    }
  }
  budget.charge(kwargs?.size ?? 0);
  for (const [name, value] of kwargs ?? []) dict.set(name, value, budget);
}

function pop(runtime: Runtime, dict: Dict, key: Value, otherwise: Value | undefined): Value {
  const value = dict.get(key, runtime.budget);
  if (value === undefined && otherwise === undefined) {
    throw new PythonError("KeyError", repr(key, runtime.budget));
  }
  dict.delete(key, runtime.budget);
  return orElse(value, () => otherwise ?? null);
}

/** Python's methods of `dict`. Mappings of the host are copies, so none of these reaches the host. */
export const dictMethods: BuiltinTable = builtinTable([
  [
    "clear",
    "self",
    (_runtime, [self]) => {
      asDict(self).clear();
      return null;
    },
  ],
  [
    "copy",
    "self",
    (runtime, [self]) => {
      runtime.budget.chargeItems(2 * asDict(self).size());
      return asDict(self).copy();
    },
  ],
  [
    "fromkeys",
    "self iterable value?",
    ({ budget }, [, keys, value]) => {
      const list = toList(keys ?? null, budget);
      budget.charge(list.length);
      return Dict.of(
        list.map((key) => [key, value ?? null]),
        budget,
      );
    },
  ],
  [
    "get",
    "self key default?",
    ({ budget }, [self, key, otherwise]) =>
      orElse(asDict(self).get(key ?? null, budget), () => otherwise ?? null),
  ],
  ["items", "self", (_runtime, [self]) => new DictView("items", asDict(self))],
  ["keys", "self", (_runtime, [self]) => new DictView("keys", asDict(self))],
  [
    "pop",
    "self key default?",
    (runtime, [self, key, otherwise]) => pop(runtime, asDict(self), key ?? null, otherwise),
  ],
  [
    "popitem",
    "self",
    ({ budget }, [self]) => {
      const dict = asDict(self);
      budget.charge(1 + dict.size());
      const last = [...dict.entries()].at(-1);
      if (last === undefined) throw new PythonError("KeyError", "'popitem(): dictionary is empty'");
      dict.delete(last[0], budget);
      return new Tuple(last);
    },
  ],
  [
    "setdefault",
    "self key default?",
    ({ budget }, [self, key, otherwise]) => {
      budget.chargeItems(0);
      const known = asDict(self).get(key ?? null, budget);
      if (known === undefined) asDict(self).set(key ?? null, otherwise ?? null, budget);
      return orElse(known, () => otherwise ?? null);
    },
  ],
  [
    "update",
    "self other? **",
    (runtime, [self, other], kwargs) => {
      updateDict(runtime, asDict(self), other, kwargs);
      return null;
    },
  ],
  ["values", "self", (_runtime, [self]) => new DictView("values", asDict(self))],
]);
