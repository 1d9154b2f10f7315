import { HostError, JinjaError, unreachable } from "../errors.ts";
import { Bytes } from "../values/bytes.ts";
import { Callable } from "../values/callable.ts";
import { DateTime } from "../values/datetime.ts";
import { Dict, type DictSource } from "../values/dict.ts";
import { Float } from "../values/float.ts";
import { toList } from "../values/iterate.ts";
import { normalizeInt } from "../values/numbers.ts";
import { type Kwargs, PyObject, type ReprContext, type Value } from "../values/object.ts";
import { PyIterator } from "../values/iterator.ts";
import { Range } from "../values/range.ts";
import { Tuple } from "../values/tuple.ts";
import { Undefined } from "../values/undefined.ts";
import type { Runtime } from "./runtime.ts";

// Over 300 lines: both directions of the one border between host and template, to be read together.

/**
 * Key of a method by which an object of the host says how a template prints it. Templates cannot
 * reach symbols, so this is the host's own choice.
 */
export const templateString: unique symbol = Symbol("jinja.templateString");

/** A function of the host that templates may call. */
export type HostCallable = (...args: readonly never[]) => unknown;

/** What a function marked with {@link passContext} and the like gets before its arguments. */
type Pass = "context" | "environment" | "evalContext";

const passKey: unique symbol = Symbol("jinja.pass");

/** Marks a function to get the context, as `{ resolve(name) }`, before its arguments. */
export function passContext<T extends HostCallable>(code: T): T {
  return marked(code, "context");
}

/** Marks a function to get the environment before its arguments. */
export function passEnvironment<T extends HostCallable>(code: T): T {
  return marked(code, "environment");
}

/** Marks a function to get `{ autoescape }` before its arguments. */
export function passEvalContext<T extends HostCallable>(code: T): T {
  return marked(code, "evalContext");
}

function marked<T extends HostCallable>(code: T, pass: Pass): T {
  Object.defineProperty(code, passKey, { value: pass });
  return code;
}

/** A function of the host as a template sees it: it can be called, nothing else. */
export class HostFunction extends Callable<Runtime> {
  readonly name: string;
  readonly #code: HostCallable;

  constructor(name: string, code: HostCallable) {
    super();
    this.name = name;
    this.#code = code;
  }

  /** Whether the function gets the context before its arguments. */
  get wantsContext(): boolean {
    return Object.getOwnPropertyDescriptor(this.#code, passKey)?.value === "context";
  }

  /** @throws {@link HostError} when the function throws. */
  override call(runtime: Runtime, args: readonly Value[], kwargs: Kwargs | undefined): Value {
    return this.answer(runtime, args, kwargs) ?? null;
  }

  /** Like {@link call}; `undefined` where the function returns that. */
  answer(runtime: Runtime, args: readonly Value[], kwargs: Kwargs | undefined): Value | undefined {
    runtime.budget.charge(10);
    const hostArgs: unknown[] = args.map((arg) => toHost(arg, runtime));
    if (kwargs !== undefined && kwargs.size > 0) {
      hostArgs.push(plainObject(kwargs, (value) => toHost(value, runtime)));
    }
    const pass: unknown = Object.getOwnPropertyDescriptor(this.#code, passKey)?.value;
    if (pass !== undefined) hostArgs.unshift(passedValue(pass as Pass, runtime));
    let result: unknown;
    try {
      result = (this.#code as (...all: unknown[]) => unknown)(...hostArgs);
    } catch (error) {
      throw error instanceof JinjaError ? error : new HostError(`${this.name}() failed`, error);
    }
    return runtime.host.convert(result);
  }
}

function passedValue(pass: Pass, runtime: Runtime): unknown {
  switch (pass) {
    case "environment":
      return runtime.environment;
    case "evalContext":
      return { autoescape: runtime.autoescape };
    case "context": {
      const { context } = runtime;
      return {
        name: context?.template.name,
        resolve: (name: string): unknown => {
          const value = context?.resolve(name);
          return value === undefined ? undefined : toHost(value, runtime);
        },
      };
    }
    default:
      return unreachable(pass);
  }
}

/** An object of a class of the host: its own data properties can be read, nothing else. */
export class HostObject extends PyObject {
  readonly target: object;
  readonly #bridge: HostBridge;

  constructor(target: object, bridge: HostBridge) {
    super();
    this.target = target;
    this.#bridge = bridge;
  }

  override get typeName(): string {
    const constructor: unknown = Object.getOwnPropertyDescriptor(
      (Object.getPrototypeOf(this.target) as object | null) ?? Object.prototype,
      "constructor",
    )?.value;
    return typeof constructor === "function" ? constructor.name : "object";
  }

  override attribute(name: string): Value | undefined {
    if (name.startsWith("_")) return undefined;
    return this.#bridge.property(this.target, name);
  }

  override repr(_context: ReprContext): string {
    const print = (this.target as { [templateString]?: unknown })[templateString];
    return typeof print === "function" ? String(print.call(this.target)) : `<${this.typeName} object>`;
  }

  override hashKey(): object {
    return this.target;
  }

  override equals(other: Value): boolean | undefined {
    return other instanceof HostObject ? other.target === this.target : undefined;
  }
}

/**
 * Turns values of the host into values of templates; one object becomes one value a rendering. A mapping is only
 * looked into when the template does, so that a large context costs what is read of it.
 */
export class HostBridge {
  readonly #known = new Map<object, Value>();
  readonly #onContainer: ((value: object, path: string) => void) | undefined;

  constructor(onContainer?: (value: object, path: string) => void) {
    this.#onContainer = onContainer;
  }

  /**
   * The template's copy of a value; `undefined` stays. Own enumerable data properties only:
   * getters, symbols and prototypes are never looked at.
   */
  convert(value: unknown, path?: string): Value | undefined {
    switch (typeof value) {
      case "undefined":
        return undefined;
      case "boolean":
      case "string":
        return value;
      case "number":
        return value === 0 ? 0 : value;
      case "bigint":
        return normalizeInt(value);
      case "symbol":
        return value.toString();
      default:
        return value === null ? null : this.#object(value as object, path);
    }
  }

  /** One own data property of an object, converted; `undefined` = none, or a getter. */
  property(target: object, name: string, path?: string): Value | undefined {
    const descriptor = Object.getOwnPropertyDescriptor(target, name);
    return descriptor === undefined ? undefined : this.convert(descriptor.value, path);
  }

  #object(value: object, path: string | undefined): Value {
    if (value instanceof PyObject && !(value instanceof Tuple)) return value;
    const known = this.#known.get(value);
    if (known !== undefined) return known;
    const result = this.#build(value, path);
    this.#known.set(value, result);
    return result;
  }

  #keep<T extends Value & object>(source: object, value: T, path: string | undefined): T {
    this.#known.set(source, value);
    if (path !== undefined) this.#onContainer?.(value, path);
    return value;
  }

  #build(value: object, path: string | undefined): Value {
    if (typeof value === "function") return new HostFunction(value.name, value as HostCallable);
    if (Array.isArray(value)) {
      const list = this.#keep<Value[]>(value, [], path);
      for (let i = 0; i < value.length; i += 1) {
        list.push(this.convert(value[i], childPath(path, i)) ?? null);
      }
      return list;
    }
    if (value instanceof Tuple) {
      return new Tuple(value.items.map((item, i) => this.convert(item, childPath(path, i)) ?? null));
    }
    if (value instanceof Date) return new DateTime(value);
    if (value instanceof Uint8Array) return new Bytes(value.slice());
    if (value instanceof Set) return this.#build([...value], path);
    if (value instanceof Map) {
      const dict = this.#keep(value, new Dict(), path);
      for (const [key, item] of value) {
        dict.set(this.convert(key) ?? null, this.convert(item, childPath(path, key)) ?? null, undefined);
      }
      return dict;
    }
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null && !isForeignPlain(prototype)) {
      return new HostObject(value, this);
    }
    return this.#plain(value, path);
  }

  #plain(value: object, path: string | undefined): Dict {
    const source: DictSource = {
      names: () => Object.keys(value),
      get: (name) => {
        const descriptor = Object.getOwnPropertyDescriptor(value, name);
        if (descriptor?.enumerable !== true) return undefined;
        return this.convert(descriptor.value, path === undefined ? undefined : childPath(path, name));
      },
    };
    return this.#keep(value, Dict.over(source), path);
  }
}

/** `Object.prototype` of another realm. */
function isForeignPlain(prototype: unknown): boolean {
  return (
    typeof prototype === "object" &&
    prototype !== null &&
    Object.getPrototypeOf(prototype) === null &&
    Object.hasOwn(prototype, "hasOwnProperty")
  );
}

/** Path of an element: `a.b[0]`, with quotes around keys that are no plain names. */
export function childPath(path: string | undefined, key: unknown): string | undefined {
  if (path === undefined) return undefined;
  if (typeof key === "number") return `${path}[${key}]`;
  const name = String(key);
  return /^[\w-]+$/.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`;
}

/** A value as the host likes it: plain objects, arrays, numbers; own copies throughout. */
export function toHost(value: Value, runtime: Runtime): unknown {
  return new HostExport(runtime).convert(value);
}

class HostExport {
  readonly #known = new Map<object, unknown>();
  readonly #runtime: Runtime;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  convert(value: Value): unknown {
    if (value === null || typeof value !== "object") return value;
    if (value instanceof Float) return value.value;
    if (value instanceof Undefined || value instanceof Callable) return value;
    if (value instanceof DateTime) return value.toDate();
    if (value instanceof HostObject) return value.target;
    if (value instanceof Bytes) {
      this.#runtime.budget.charge(value.data.length / 64);
      return value.data.slice();
    }
    const known = this.#known.get(value);
    if (known !== undefined) return known;
    this.#runtime.budget.charge(1);
    if (value instanceof Tuple) {
      this.#runtime.budget.charge(value.items.length);
      return new Tuple(value.items.map((item) => this.convert(item) as Value));
    }
    if (value instanceof Dict) return this.#dict(value);
    if (Array.isArray(value) || value instanceof PyIterator || value instanceof Range) {
      const result: unknown[] = [];
      this.#known.set(value, result);
      for (const item of toList(value, this.#runtime.budget)) result.push(this.convert(item));
      return result;
    }
    return value;
  }

  #dict(dict: Dict): unknown {
    this.#runtime.budget.charge(2 * dict.size());
    const entries = [...dict.entries()];
    if (entries.every(([key]) => typeof key === "string")) {
      const result: Record<string, unknown> = {};
      this.#known.set(dict, result);
      for (const [key, value] of entries) setOwn(result, key as string, this.convert(value));
      return result;
    }
    const result = new Map<unknown, unknown>();
    this.#known.set(dict, result);
    for (const [key, value] of entries) result.set(this.convert(key), this.convert(value));
    return result;
  }
}

function plainObject(
  entries: Iterable<readonly [string, Value]>,
  convert: (value: Value) => unknown,
): object {
  const result: Record<string, unknown> = {};
  for (const [name, value] of entries) setOwn(result, name, convert(value));
  return result;
}

/** Sets an own property whatever its name, also `__proto__`. */
function setOwn(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}
