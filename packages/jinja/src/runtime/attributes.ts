import { dictMethods } from "../methods/dict.ts";
import { listMethods, tupleMethods } from "../methods/list.ts";
import { datetimeMethods, floatMethods, intMethods, numberAttribute } from "../methods/number.ts";
import { bytesMethods, stringMethods } from "../methods/string.ts";
import { Bytes } from "../values/bytes.ts";
import { DateTime } from "../values/datetime.ts";
import { Dict } from "../values/dict.ts";
import { floatOf } from "../values/float.ts";
import { Markup } from "../values/markup.ts";
import { intOf, isInt } from "../values/numbers.ts";
import { PyObject, type Value, orElse, typeName } from "../values/object.ts";
import { Range } from "../values/range.ts";
import { codePoints } from "../values/text.ts";
import { Tuple } from "../values/tuple.ts";
import { Undefined } from "../values/undefined.ts";
import { BoundMethod, type Builtin, type BuiltinTable } from "./builtin.ts";
import type { Runtime } from "./runtime.ts";

/** The whitelisted methods of a value's type. */
function methodsOf(value: Value): BuiltinTable | undefined {
  if (typeof value === "string" || value instanceof Markup) return stringMethods;
  if (value instanceof Dict) return dictMethods;
  if (Array.isArray(value)) return listMethods;
  if (value instanceof Tuple || value instanceof Range) return tupleMethods;
  if (value instanceof Bytes) return bytesMethods;
  if (value instanceof DateTime) return datetimeMethods;
  if (typeof value === "boolean" || isInt(value)) return intMethods;
  return floatOf(value) === undefined ? undefined : floatMethods;
}

/** Python's methods that change a list or a mapping. */
const mutators: Readonly<Record<"list" | "dict", ReadonlySet<string>>> = {
  list: new Set(["append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"]),
  dict: new Set(["clear", "pop", "popitem", "setdefault", "update"]),
};

/** What stands for a method that an immutable environment keeps from its templates. */
function forbidden(value: Value, name: string, runtime: Runtime): Value | undefined {
  if (!runtime.environment.immutable) return undefined;
  const kind = Array.isArray(value) ? "list" : value instanceof Dict ? "dict" : undefined;
  return kind !== undefined && mutators[kind].has(name) ? unsafe(value, name, runtime) : undefined;
}

/** The method of that name; `undefined` = none, or not whitelisted. */
export function methodOf(value: Value, name: string): Builtin | undefined {
  return methodsOf(value)?.get(name);
}

/** An attribute in Python's sense: never an element. */
function pythonAttribute(value: Value, name: string, runtime: Runtime): Value | undefined {
  const kept = forbidden(value, name, runtime);
  if (kept !== undefined) return kept;
  const method = methodOf(value, name);
  if (method !== undefined) return new BoundMethod(value, method);
  if (value instanceof PyObject) {
    return orElse(value.attribute(name), () => numberAttribute(value, name));
  }
  return numberAttribute(value, name);
}

/** An element by key or index; `undefined` = none. */
function getElement(value: Value, key: Value, runtime: Runtime): Value | undefined {
  if (value instanceof Dict) {
    return Array.isArray(key) || key instanceof Dict ? undefined : value.get(key, runtime.budget);
  }
  const index = intOf(key);
  if (index !== undefined) {
    if (Array.isArray(value)) return at(value, index);
    if (value instanceof Tuple) return at(value.items, index);
    if (typeof value === "string") return at(codePoints(value, runtime.budget), index);
    if (value instanceof Bytes) return at(value.data as unknown as readonly number[], index);
    if (value instanceof Markup) {
      const char = at(codePoints(value.text, runtime.budget), index);
      return char === undefined ? undefined : new Markup(char as string);
    }
    return value instanceof PyObject ? value.item(key, runtime.budget) : undefined;
  }
  if (!(value instanceof PyObject) || typeof key !== "string" || value.size() !== undefined) {
    return undefined;
  }
  return value.item(key, runtime.budget);
}

function at(items: string | readonly Value[], index: number | bigint): Value | undefined {
  const position = Number(index);
  return items[position < 0 ? position + items.length : position];
}

/** Python's names for its own machinery. */
const dunder = /^__\w+__$/;

function missing(value: Value, name: Value, runtime: Runtime): Value {
  if (typeof name === "string" && dunder.test(name)) return unsafe(value, name, runtime);
  return runtime.undefined({ object: value, name });
}

function unsafe(value: Value, name: string, runtime: Runtime): Value {
  return runtime.undefined({
    hint: `access to attribute '${name}' of '${typeName(value)}' object is unsafe.`,
    object: value,
    name,
    security: true,
  });
}

/**
 * What `value.name` means: an attribute or method first, then an element.
 * @throws UndefinedError when `value` is undefined.
 */
export function getAttribute(value: Value, name: string, runtime: Runtime): Value {
  if (value instanceof Dict) {
    const kept = forbidden(value, name, runtime);
    if (kept !== undefined) return kept;
    const method = dictMethods.get(name);
    if (method !== undefined) return new BoundMethod(value, method);
    return orElse(value.get(name, runtime.budget), () => missing(value, name, runtime));
  }
  if (value instanceof Undefined) {
    return dunder.test(name) ? missing(value, name, runtime) : value.child(name);
  }
  return orElse(pythonAttribute(value, name, runtime), () =>
    orElse(getElement(value, name, runtime), () => missing(value, name, runtime)),
  );
}

/**
 * What `value[key]` means: an element first, then for a text key an attribute or method.
 * @throws UndefinedError when `value` is undefined.
 */
export function getItem(value: Value, key: Value, runtime: Runtime): Value {
  if (value instanceof Undefined) return value.child(key);
  const found = getElement(value, key, runtime);
  if (found !== undefined) return found;
  const attribute = typeof key === "string" ? pythonAttribute(value, key, runtime) : undefined;
  return orElse(attribute, () => missing(value, key, runtime));
}

/** An attribute alone, as the `attr` filter wants it: no elements. */
export function getAttributeOnly(value: Value, name: string, runtime: Runtime): Value {
  if (value instanceof Undefined) return value.child(name);
  return orElse(pythonAttribute(value, name, runtime), () => missing(value, name, runtime));
}
