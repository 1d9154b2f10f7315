import type { Budget } from "../limits.ts";

/**
 * Everything a template can hold. Integers are safe `number`s or `bigint`s; a `number` that is
 * not a safe integer is a float; floats of integral value are boxed as `Float`.
 */
export type Value = null | boolean | number | bigint | string | Value[] | PyObject;

/** What stands for a value as key of a `Map`; equal values have the same one. */
export type HashKey = null | number | bigint | string | object;

/** State of one walk that prints values: what it may cost and which containers are open. */
export interface ReprContext {
  readonly budget: Budget;
  readonly active: Set<object>;
}

/** Base of all values that are not JavaScript primitives or lists. */
export abstract class PyObject {
  /** Python's name of the type. */
  abstract get typeName(): string;

  /** Python's `repr()`. */
  repr(_context: ReprContext): string {
    return `<${this.typeName} object>`;
  }

  /** Python's `str()`. */
  str(context: ReprContext): string {
    return this.repr(context);
  }

  /** Python's `bool()`. */
  truthy(): boolean {
    return true;
  }

  /** Python's `len()`; `undefined` = has none. */
  size(): number | undefined {
    return undefined;
  }

  /** Python's `iter()`; `undefined` = cannot be iterated. */
  iterate(_budget: Budget): Iterator<Value> | undefined {
    return undefined;
  }

  /** A public attribute; `undefined` = has none of that name. */
  attribute(_name: string): Value | undefined {
    return undefined;
  }

  /** Element by key; `undefined` = none, or has no elements. */
  item(_key: Value, _budget: Budget): Value | undefined {
    return undefined;
  }

  /** Python's `==`; `undefined` = does not know the other, ask it. */
  equals(_other: Value, _budget: Budget): boolean | undefined {
    return undefined;
  }

  /** Python's `<` sign: negative, 0 or positive; `undefined` = no order with the other. */
  compare(_other: Value, _budget: Budget): number | undefined {
    return undefined;
  }

  /** Text that is the same for equal values of this type; `undefined` = {@link hashKey} says all. The work is booked. */
  keyText(_identity: (key: object) => number, _budget: Budget | undefined): string | undefined {
    return undefined;
  }

  /** Key for dictionaries; the object itself unless overridden. @throws TypeError if not hashable. */
  hashKey(_budget: Budget | undefined): HashKey {
    return this;
  }
}

/** Keyword arguments of a call. */
export type Kwargs = ReadonlyMap<string, Value>;

/** Python's name of the type of `value`. */
export function typeName(value: Value): string {
  if (value === null) return "NoneType";
  switch (typeof value) {
    case "boolean":
      return "bool";
    case "number":
      return Number.isSafeInteger(value) ? "int" : "float";
    case "bigint":
      return "int";
    case "string":
      return "str";
    default:
      return Array.isArray(value) ? "list" : value.typeName;
  }
}

/** `value`, or what `otherwise` makes where there is none. Unlike `??`, keeps `null`: Python's None is a value. */
export function orElse<T>(value: Value | undefined, otherwise: () => T): Value | T {
  return value === undefined ? otherwise() : value;
}
