import { typeError } from "../errors.ts";
import { Callable } from "../values/callable.ts";
import { Bytes } from "../values/bytes.ts";
import { Markup } from "../values/markup.ts";
import type { Kwargs, Value } from "../values/object.ts";
import type { Runtime } from "./runtime.ts";

/** Code of a built-in: gets its arguments in the order of its signature, `undefined` where not given. */
export type BuiltinCode = (
  runtime: Runtime,
  args: readonly (Value | undefined)[],
  kwargs: Kwargs | undefined,
) => Value;

/** A filter, test, method or global function written in TypeScript, with a Python signature. */
export class Builtin extends Callable<Runtime> {
  readonly name: string;
  readonly #params: readonly string[];
  readonly #required: number;
  readonly #varargs: boolean;
  readonly #keywords: boolean;
  readonly #code: BuiltinCode;

  /** `signature` lists the parameters: `value width? *` = one required, one optional, any more; `**` = keywords go through. */
  constructor(name: string, signature: string, code: BuiltinCode) {
    super();
    this.name = name;
    const parts = signature.split(" ").filter((part) => part !== "");
    const named = parts.filter((part) => !part.startsWith("*"));
    this.#params = named.map((part) => part.replace("?", ""));
    this.#required = named.filter((part) => !part.endsWith("?")).length;
    this.#varargs = parts.includes("*");
    this.#keywords = parts.includes("**");
    this.#code = code;
  }

  override get typeName(): string {
    return "builtin_function_or_method";
  }

  /** @throws TypeError when the arguments do not fit the signature. */
  override call(runtime: Runtime, args: readonly Value[], kwargs: Kwargs | undefined): Value {
    if (args.length > this.#params.length && !this.#varargs) {
      throw typeError(`${this.name}() takes at most ${this.#params.length} arguments (${args.length} given)`);
    }
    let units = 1;
    for (let i = 0; i < args.length; i += 1) units += readingCost(args[i] as Value);
    if (kwargs !== undefined) for (const arg of kwargs.values()) units += readingCost(arg);
    runtime.budget.charge(units);
    if ((kwargs === undefined || kwargs.size === 0) && args.length >= this.#required) {
      return this.#code(runtime, args, undefined);
    }
    return this.#code(runtime, this.#bind(args, kwargs ?? new Map()), this.#keywords ? kwargs : undefined);
  }

  #bind(args: readonly Value[], kwargs: Kwargs): readonly (Value | undefined)[] {
    const bound: (Value | undefined)[] = [...args];
    for (const [name, value] of kwargs) {
      const index = this.#params.indexOf(name);
      if (index === -1 && this.#keywords) continue;
      if (index === -1) {
        throw typeError(`${this.name}() got an unexpected keyword argument '${name}'`);
      }
      if (index < args.length) {
        throw typeError(`${this.name}() got multiple values for argument '${name}'`);
      }
      bound[index] = value;
    }
    const missing = this.#params.slice(0, this.#required).find((_, i) => bound[i] === undefined);
    if (missing !== undefined) {
      throw typeError(`${this.name}() missing required argument: '${missing}'`);
    }
    return bound;
  }
}

/** Reading a text takes time whatever is done with it. */
function readingCost(value: Value): number {
  if (typeof value === "string") return value.length / 16;
  if (typeof value !== "object" || value === null) return 0;
  if (value instanceof Markup) return value.text.length / 16;
  return value instanceof Bytes ? value.data.length / 64 : 0;
}

/** A method of a value, as in `{{ text.upper }}` without the call. */
export class BoundMethod extends Callable<Runtime> {
  readonly self: Value;
  readonly method: Builtin;

  constructor(self: Value, method: Builtin) {
    super();
    this.self = self;
    this.method = method;
  }

  override get name(): string {
    return this.method.name;
  }

  override get typeName(): string {
    return "builtin_function_or_method";
  }

  override repr(): string {
    return `<built-in method ${this.name}>`;
  }

  override call(runtime: Runtime, args: readonly Value[], kwargs: Kwargs | undefined): Value {
    return this.method.call(runtime, [this.self, ...args], kwargs);
  }
}

/** A table of built-ins by name. */
export type BuiltinTable = ReadonlyMap<string, Builtin>;

/** Makes a {@link BuiltinTable} from rows of name, signature and code; `a|b` gives two names. */
export function builtinTable(
  rows: readonly (readonly [names: string, signature: string, code: BuiltinCode])[],
): BuiltinTable {
  const table = new Map<string, Builtin>();
  for (const [names, signature, code] of rows) {
    for (const name of names.split(" ")) table.set(name, new Builtin(name, signature, code));
  }
  return table;
}
