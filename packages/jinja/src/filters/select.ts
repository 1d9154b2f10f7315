import { TemplateRuntimeError, typeError } from "../errors.ts";
import { type BuiltinCode, type BuiltinTable, builtinTable } from "../runtime/builtin.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { each } from "../values/iterate.ts";
import { PyIterator } from "../values/iterator.ts";
import type { Kwargs, Value } from "../values/object.ts";
import { isTruthy } from "../values/truth.ts";
import { Undefined } from "../values/undefined.ts";
import { textOf } from "../values/markup.ts";
import { attributeGetter, badArgument } from "./support.ts";

type Args = readonly (Value | undefined)[];

/** What to do with each item of `map`. @throws when the arguments make no sense */
function mapper(
  runtime: Runtime,
  args: readonly Value[],
  kwargs: Kwargs | undefined,
): (item: Value) => Value {
  if (args.length === 0 && kwargs?.has("attribute") === true) {
    const extra = [...kwargs.keys()].find((name) => name !== "attribute" && name !== "default");
    if (extra !== undefined) badArgument(`Unexpected keyword argument '${extra}'`);
    return attributeGetter(runtime, kwargs.get("attribute"), kwargs.get("default"));
  }
  const name = textOf(args[0] ?? null);
  if (name === undefined) badArgument("map requires a filter argument");
  const filter = runtime.environment.findFilter(name);
  if (filter === undefined) throw new TemplateRuntimeError(`No filter named '${name}'.`);
  const rest = args.slice(1);
  return (item) => filter.call(runtime, [item, ...rest], kwargs);
}

function* map(runtime: Runtime, [value, ...args]: Args, kwargs: Kwargs | undefined): Generator<Value> {
  if (!isPresent(value)) return;
  const change = mapper(runtime, args as Value[], kwargs);
  for (const item of each(value ?? null, runtime.budget)) {
    runtime.budget.charge(2);
    yield change(item);
  }
}

/** Python's map and select return nothing for an empty value before looking at their arguments. */
function isPresent(value: Value | undefined): boolean {
  return value instanceof Undefined ? isTruthy(value) : isTruthy(value ?? null);
}

function* select(
  runtime: Runtime,
  [value, ...args]: Args,
  kwargs: Kwargs | undefined,
  keep: boolean,
  byAttribute: boolean,
): Generator<Value> {
  if (!isPresent(value)) return;
  const rest = args as Value[];
  if (byAttribute && rest.length === 0) badArgument("Missing parameter for attribute name");
  const get = byAttribute ? attributeGetter(runtime, rest[0]) : (item: Value): Value => item;
  const [testName, ...testArgs] = byAttribute ? rest.slice(1) : rest;
  let decide = isTruthy;
  if (testName !== undefined) {
    const name = textOf(testName);
    if (name === undefined) throw typeError("the name of a test must be a string");
    const test = runtime.environment.findTest(name);
    if (test === undefined) throw new TemplateRuntimeError(`No test named '${name}'.`);
    decide = (item) => isTruthy(test.call(runtime, [item, ...testArgs], kwargs));
  }
  for (const item of each(value ?? null, runtime.budget)) {
    runtime.budget.charge(2);
    if (decide(get(item)) === keep) yield item;
  }
}

const selecting =
  (keep: boolean, byAttribute: boolean): BuiltinCode =>
  (runtime, args, kwargs) =>
    new PyIterator(select(runtime, args, kwargs, keep, byAttribute));

/** The filters that apply filters and tests to each item. */
export const selectFilters: BuiltinTable = builtinTable([
  ["map", "value * **", (runtime, args, kwargs) => new PyIterator(map(runtime, args, kwargs))],
  ["select", "value * **", selecting(true, false)],
  ["reject", "value * **", selecting(false, false)],
  ["selectattr", "value * **", selecting(true, true)],
  ["rejectattr", "value * **", selecting(false, true)],
]);
