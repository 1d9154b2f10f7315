import { type JinjaError, SecurityError, UndefinedError } from "../errors.ts";
import { Dict } from "./dict.ts";
import { type HashKey, PyObject, type ReprContext, type Value, typeName } from "./object.ts";
import { reprString } from "./repr.ts";

/** What an undefined value knows of its origin. */
export interface UndefinedOrigin {
  /** The whole message, where it is known. */
  readonly hint?: string | undefined;
  /** The object that has no such attribute or element; unset for a variable. */
  readonly object?: Value | undefined;
  /** Name of the variable or attribute, or the key. */
  readonly name?: Value | undefined;
  /** Using it breaks the sandbox rather than being a slip. */
  readonly security?: boolean;
}

/** Jinja2's `Undefined`: empty when printed, looped over or tested; an error when used otherwise. */
export class Undefined extends PyObject {
  readonly origin: UndefinedOrigin;

  constructor(origin: UndefinedOrigin = {}) {
    super();
    this.origin = origin;
  }

  override get typeName(): string {
    return "Undefined";
  }

  /** What is missing, for a person. */
  get message(): string {
    const { hint, object, name } = this.origin;
    if (hint !== undefined) return hint;
    if (object === undefined) return `${quoted(name)} is undefined`;
    if (typeof name === "string") {
      return `${reprString(objectType(object))} has no attribute ${reprString(name)}`;
    }
    return `${objectType(object)} has no element ${quoted(name)}`;
  }

  /** The error for using it; not thrown here. */
  error(): JinjaError {
    return this.origin.security === true ? new SecurityError(this.message) : new UndefinedError(this.message);
  }

  /** What an attribute or element of it is. @throws UndefinedError unless chainable. */
  child(_name: Value): Value {
    throw this.error();
  }

  /** For the checks that only the strict variant fails: `==`, `len()`, hashing. */
  protected strict(): void {
    // Lenient by default.
  }

  override str(_context?: ReprContext): string {
    return "";
  }

  override repr(): string {
    return "Undefined";
  }

  override truthy(): boolean {
    return false;
  }

  override size(): number {
    this.strict();
    return 0;
  }

  override iterate(): Iterator<Value> {
    return [][Symbol.iterator]();
  }

  override equals(other: Value): boolean | undefined {
    this.strict();
    return other instanceof Undefined && other.constructor === this.constructor;
  }

  override compare(): number | undefined {
    throw this.error();
  }

  override hashKey(): HashKey {
    return this.constructor;
  }
}

/** `Undefined` whose attributes and elements are undefined again. */
export class ChainableUndefined extends Undefined {
  override get typeName(): string {
    return "ChainableUndefined";
  }

  override child(_name: Value): Value {
    return this;
  }
}

/** `Undefined` that prints what is missing. */
export class DebugUndefined extends Undefined {
  override get typeName(): string {
    return "DebugUndefined";
  }

  override str(_context?: ReprContext): string {
    const { hint, object, name } = this.origin;
    if (hint !== undefined) return `{{ undefined value printed: ${hint} }}`;
    if (object === undefined) return `{{ ${nameText(name)} }}`;
    return `{{ no such element: ${objectType(object)}[${quoted(name)}] }}`;
  }
}

/** `Undefined` that allows nothing but `is defined` and `default`. Lotse's default. */
export class StrictUndefined extends Undefined {
  override get typeName(): string {
    return "StrictUndefined";
  }

  protected override strict(): void {
    throw this.error();
  }

  override str(_context?: ReprContext): string {
    throw this.error();
  }

  override truthy(): boolean {
    throw this.error();
  }

  override iterate(): Iterator<Value> {
    throw this.error();
  }

  override hashKey(): HashKey {
    throw this.error();
  }
}

/** The class of an undefined value, as in `new Environment({ undefined: StrictUndefined })`. */
export type UndefinedClass = new (origin?: UndefinedOrigin) => Undefined;

/** Where a logging undefined reports to. */
export interface UndefinedLogger {
  warning(message: string): void;
  error(message: string): void;
}

/**
 * Jinja2's `make_logging_undefined`: a subclass of `base` that reports each use.
 * @defaultValue `base` is {@link Undefined}
 */
export function makeLoggingUndefined(
  logger: UndefinedLogger,
  base: UndefinedClass = Undefined,
): UndefinedClass {
  return class LoggingUndefined extends base {
    #warn(): void {
      logger.warning(`Template variable warning: ${this.message}`);
    }

    override error(): JinjaError {
      const error = super.error();
      logger.error(`Template variable error: ${this.message}`);
      return error;
    }

    override str(context?: ReprContext): string {
      this.#warn();
      return super.str(context);
    }

    override truthy(): boolean {
      this.#warn();
      return super.truthy();
    }

    override iterate(): Iterator<Value> {
      this.#warn();
      return super.iterate();
    }
  };
}

function quoted(name: Value | undefined): string {
  if (name === undefined) return "None";
  return typeof name === "string" ? reprString(name) : nameText(name);
}

function nameText(name: Value | undefined): string {
  if (name === undefined || name === null) return "None";
  return typeof name === "object" ? `<${typeName(name)}>` : String(name);
}

function objectType(value: Value): string {
  if (value === null) return "None";
  if (value instanceof Dict) return "dict object";
  return `${typeName(value)} object`;
}
