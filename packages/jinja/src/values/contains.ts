import { typeError } from "../errors.ts";
import type { Budget } from "../limits.ts";
import { identicalOrEqual } from "./compare.ts";
import { Dict } from "./dict.ts";
import { DictView } from "./dict-view.ts";
import { tryIterate } from "./iterate.ts";
import { textOf } from "./markup.ts";
import { intOf } from "./numbers.ts";
import { type Value, typeName } from "./object.ts";
import { Range } from "./range.ts";
import { indexOfText } from "./search.ts";

/** Python's `item in container`. @throws TypeError where the container cannot be asked. */
export function contains(container: Value, item: Value, budget: Budget): boolean {
  const text = textOf(container);
  if (text !== undefined) {
    const part = textOf(item);
    if (part !== undefined) return indexOfText(text, part, 0, budget) !== -1;
    throw typeError(`'in <string>' requires string as left operand, not ${typeName(item)}`);
  }
  if (container instanceof Dict) return container.has(item, budget);
  if (container instanceof DictView && container.kind === "keys") return container.dict.has(item, budget);
  const int = intOf(item);
  if (container instanceof Range && int !== undefined) return container.includes(Number(int));
  const iterator = tryIterate(container, budget);
  if (iterator === undefined) {
    throw typeError(`argument of type '${typeName(container)}' is not iterable`);
  }
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
    budget.charge(1);
    if (identicalOrEqual(next.value, item, budget)) return true;
  }
  return false;
}
