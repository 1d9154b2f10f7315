import { PythonError, typeError } from "../errors.ts";
import { sortItems } from "../methods/list.ts";
import { type BuiltinTable, builtinTable } from "../runtime/builtin.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { binary } from "../values/arithmetic.ts";
import { compareValues, equals } from "../values/compare.ts";
import { Dict } from "../values/dict.ts";
import { DictView } from "../values/dict-view.ts";
import { PyIterator } from "../values/iterator.ts";
import { each, iterate, lengthOf, toList, tryLength } from "../values/iterate.ts";
import { Markup, textOf } from "../values/markup.ts";
import { type Value, orElse, typeName } from "../values/object.ts";
import { Range } from "../values/range.ts";
import { codePoints } from "../values/text.ts";
import { isTruthy } from "../values/truth.ts";
import { Tuple } from "../values/tuple.ts";
import { Undefined } from "../values/undefined.ts";
import { attributeGetter, badArgument, escaped, ignoreCase, intArgument, softText } from "./support.ts";

type Args = readonly (Value | undefined)[];

function* batch(runtime: Runtime, [value, count, fill]: Args): Generator<Value> {
  const size = intArgument(count, 1);
  let group: Value[] = [];
  for (const item of each(value ?? null, runtime.budget)) {
    if (group.length === size) {
      yield group;
      group = [];
    }
    group.push(item);
  }
  if (group.length === 0) return;
  if (fill !== undefined && fill !== null && group.length < size) {
    runtime.budget.chargeItems(size);
    while (group.length < size) group.push(fill);
  }
  yield group;
}

function* slice(runtime: Runtime, [value, count, fill]: Args): Generator<Value> {
  const items = toList(value ?? null, runtime.budget);
  const groups = intArgument(count, 1);
  if (groups === 0) throw new PythonError("ZeroDivisionError", "integer division or modulo by zero");
  const size = Math.floor(items.length / groups);
  const extra = items.length - size * groups;
  let start = 0;
  for (let i = 0; i < groups; i += 1) {
    runtime.budget.charge(1 + size);
    const end = start + size + (i < extra ? 1 : 0);
    const group = items.slice(start, end);
    if (fill !== undefined && fill !== null && i >= extra) group.push(fill);
    start = end;
    yield group;
  }
}

function* unique(runtime: Runtime, [value, caseSensitive, attribute]: Args): Generator<Value> {
  const key = keyGetter(runtime, attribute, isTruthy(caseSensitive ?? false));
  const seen = new Dict();
  for (const item of each(value ?? null, runtime.budget)) {
    const id = key(item);
    runtime.budget.charge(2);
    if (seen.has(id, runtime.budget)) continue;
    seen.set(id, true, runtime.budget);
    yield item;
  }
}

function keyGetter(
  runtime: Runtime,
  attribute: Value | undefined,
  caseSensitive: boolean,
): (item: Value) => Value {
  return attributeGetter(
    runtime,
    attribute,
    undefined,
    caseSensitive ? undefined : (value) => ignoreCase(value, runtime.budget),
  );
}

function sort(runtime: Runtime, [value, reverse, caseSensitive, attribute]: Args): Value {
  const sensitive = isTruthy(caseSensitive ?? false);
  const items = toList(value ?? null, runtime.budget);
  const names = textOf(attribute ?? null)?.split(",") ?? [attribute];
  runtime.budget.charge(names.length);
  const keys = names.map((name) => keyGetter(runtime, name, sensitive));
  const key = (item: Value): Value => keys.map((get) => get(item));
  return sortItems(runtime, items, key, isTruthy(reverse ?? false));
}

function dictsort(runtime: Runtime, [value, caseSensitive, by, reverse]: Args): Value {
  const which = by === undefined ? "key" : textOf(by);
  if (which !== "key" && which !== "value") {
    badArgument('You can only sort by either "key" or "value"');
  }
  if (!(value instanceof Dict)) {
    if (value instanceof Undefined) throw value.error();
    throw new PythonError("AttributeError", `'${typeName(value ?? null)}' object has no attribute 'items'`);
  }
  const sensitive = isTruthy(caseSensitive ?? false);
  const items = Array.from(value.entries(), (entry) => new Tuple(entry));
  const key = (item: Value): Value => {
    const part = (item as Tuple).items[which === "key" ? 0 : 1] ?? null;
    return sensitive ? part : ignoreCase(part, runtime.budget);
  };
  return sortItems(runtime, items, key, isTruthy(reverse ?? false));
}

/** A pair of `groupby`: a tuple whose parts also have names. */
class Group extends Tuple {
  override attribute(name: string): Value | undefined {
    if (name === "grouper") return this.items[0];
    return name === "list" ? this.items[1] : undefined;
  }
}

function groupby(runtime: Runtime, [value, attribute, fallback, caseSensitive]: Args): Value {
  const sensitive = isTruthy(caseSensitive ?? false);
  const get = attributeGetter(runtime, attribute, fallback);
  const key = (item: Value): Value => (sensitive ? get(item) : ignoreCase(get(item), runtime.budget));
  const items = sortItems(runtime, toList(value ?? null, runtime.budget), key, false);
  const groups: Group[] = [];
  let members: Value[] = [];
  let last: Value | undefined;
  for (const item of items) {
    const id = key(item);
    if (last === undefined || !equals(last, id, runtime.budget)) {
      members = [];
      groups.push(new Group([sensitive ? id : get(item), members]));
      last = id;
    }
    members.push(item);
  }
  return groups;
}

function join(runtime: Runtime, [value, separator, attribute]: Args): Value {
  const get = attributeGetter(runtime, attribute);
  const items = Array.from(each(value ?? null, runtime.budget), get);
  const texts: string[] = [];
  const markup =
    runtime.autoescape && (separator instanceof Markup || items.some((item) => item instanceof Markup));
  const between =
    separator === undefined ? "" : markup ? escaped(separator, runtime) : softText(separator, runtime);
  let size = 0;
  for (const item of items) {
    const text = markup ? escaped(item, runtime) : softText(item, runtime);
    texts.push(text);
    size += text.length + between.length;
    runtime.budget.chargeText(text.length);
  }
  runtime.budget.chargeText(size);
  return markup ? new Markup(texts.join(between)) : texts.join(between);
}

function first(runtime: Runtime, [value]: Args): Value {
  const next = iterate(value ?? null, runtime.budget).next();
  if (next.done === true) return runtime.undefined({ hint: "No first item, sequence was empty." });
  return next.value;
}

function last(runtime: Runtime, [value]: Args): Value {
  const none = (): Value => runtime.undefined({ hint: "No last item, sequence was empty." });
  if (value instanceof Undefined) return iterate(value, runtime.budget).next().done === true ? none() : null;
  if (value instanceof PyIterator || tryLength(value ?? null) === undefined) {
    throw typeError(`'${typeName(value ?? null)}' object is not reversible`);
  }
  return orElse(toList(value ?? null, runtime.budget).at(-1), none);
}

function extreme(runtime: Runtime, [value, caseSensitive, attribute]: Args, sign: 1 | -1): Value {
  const key = keyGetter(runtime, attribute, isTruthy(caseSensitive ?? false));
  let best: { item: Value; key: Value } | undefined;
  for (const item of each(value ?? null, runtime.budget)) {
    const id = key(item);
    const operator = sign === 1 ? ">" : "<";
    if (best === undefined || compareValues(id, best.key, operator, runtime.budget) * sign > 0) {
      best = { item, key: id };
    }
  }
  return best === undefined
    ? runtime.undefined({ hint: "No aggregated item, sequence was empty." })
    : best.item;
}

function sum(runtime: Runtime, [value, attribute, start = 0]: Args): Value {
  const get = attributeGetter(runtime, attribute);
  let total: Value = start;
  if (textOf(total) !== undefined) throw typeError("sum() can't sum strings [use ''.join(seq) instead]");
  for (const item of each(value ?? null, runtime.budget)) {
    total = binary("+", total, get(item), runtime.budget);
  }
  return total;
}

/** Python's names for what `reversed()` makes of a type. */
const reverseTypes: ReadonlyMap<string, string> = new Map([
  ["list", "list_reverseiterator"],
  ["dict", "dict_reversekeyiterator"],
  ["range", "range_iterator"],
]);

function reverse(runtime: Runtime, [value]: Args): Value {
  const text = textOf(value ?? null);
  if (text !== undefined) {
    runtime.budget.chargeText(text.length);
    runtime.budget.charge(text.length / 4);
    const reversed = Array.from(codePoints(text, runtime.budget)).reverse().join("");
    return value instanceof Markup ? new Markup(reversed) : reversed;
  }
  const items = value ?? null;
  if (items instanceof Undefined) items.iterate();
  if (items instanceof PyIterator || tryLength(items) === undefined) {
    const list = toList(items, runtime.budget);
    return list.reverse();
  }
  const kind = reverseTypes.get(typeName(items)) ?? "reversed";
  return new PyIterator(toList(items, runtime.budget).reverse().values(), kind);
}

function* itemsOf(value: Value): Generator<Value> {
  if (value instanceof Undefined) return;
  if (!(value instanceof Dict)) throw typeError("Can only get item pairs from a mapping.");
  const entries = value.iterateItems();
  for (let next = entries.next(); next.done !== true; next = entries.next()) yield next.value;
}

function random(runtime: Runtime, [value]: Args): Value {
  const items = toList(value ?? null, runtime.budget);
  if (items.length === 0) return runtime.undefined({ hint: "No random item, sequence was empty." });
  lengthOf(value ?? null);
  return items[Math.floor(runtime.nextRandom() * items.length)] ?? null;
}

/** Whether a value is walked without a copy; kept for `list`, which always copies. */
function list(runtime: Runtime, [value]: Args): Value {
  if (value instanceof Range || value instanceof DictView) runtime.budget.charge(1);
  return toList(value ?? null, runtime.budget);
}

const generator =
  (code: (runtime: Runtime, args: Args) => Generator<Value>) =>
  (runtime: Runtime, args: Args): Value =>
    new PyIterator(code(runtime, args));

/** The filters on sequences and mappings. */
export const sequenceFilters: BuiltinTable = builtinTable([
  ["batch", "value linecount fill_with?", generator(batch)],
  ["slice", "value slices fill_with?", generator(slice)],
  ["unique", "value case_sensitive? attribute?", generator(unique)],
  ["sort", "value reverse? case_sensitive? attribute?", sort],
  ["dictsort", "value case_sensitive? by? reverse?", dictsort],
  ["groupby", "value attribute default? case_sensitive?", groupby],
  ["join", "value d? attribute?", join],
  ["first", "seq", first],
  ["last", "seq", last],
  ["min", "value case_sensitive? attribute?", (runtime, args) => extreme(runtime, args, -1)],
  ["max", "value case_sensitive? attribute?", (runtime, args) => extreme(runtime, args, 1)],
  ["sum", "iterable attribute? start?", sum],
  ["reverse", "value", reverse],
  ["items", "value", (_runtime, [value]) => new PyIterator(itemsOf(value ?? null))],
  ["random", "seq", random],
  ["list", "value", list],
  ["length count", "obj", (_runtime, [value]) => lengthOf(value ?? null)],
]);
