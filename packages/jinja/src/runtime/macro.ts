import { JinjaError, typeError } from "../errors.ts";
import { Callable } from "../values/callable.ts";
import { Dict } from "../values/dict.ts";
import { Markup } from "../values/markup.ts";
import { type Kwargs, type Value, orElse } from "../values/object.ts";
import { Tuple } from "../values/tuple.ts";
import type { Runtime } from "./runtime.ts";

/** What the compiler knows of a macro. */
export interface MacroShape {
  readonly name: string;
  readonly params: readonly string[];
  readonly catchesKwargs: boolean;
  readonly catchesVarargs: boolean;
  /** The body uses `caller`. */
  readonly usesCaller: boolean;
}

/** Renders a macro's body with its arguments in order; `undefined` = not given. */
export type MacroBody = (args: readonly (Value | undefined)[]) => string;

/** A macro as a value of the template. */
export class Macro extends Callable<Runtime> {
  readonly shape: MacroShape;
  readonly #body: MacroBody;

  constructor(shape: MacroShape, body: MacroBody) {
    super();
    this.shape = shape;
    this.#body = body;
  }

  override get name(): string {
    return this.shape.name;
  }

  override get typeName(): string {
    return "Macro";
  }

  override repr(): string {
    return this.shape.name === "caller" ? "<Macro anonymous>" : `<Macro '${this.shape.name}'>`;
  }

  override attribute(name: string): Value | undefined {
    const { shape } = this;
    switch (name) {
      case "name":
        return shape.name === "caller" ? null : shape.name;
      case "arguments":
        return new Tuple(shape.params);
      case "catch_kwargs":
        return shape.catchesKwargs;
      case "catch_varargs":
        return shape.catchesVarargs;
      case "caller":
        return shape.usesCaller;
      default:
        return undefined;
    }
  }

  /** @throws TypeError when the arguments do not fit, and what the body throws. */
  override call(runtime: Runtime, args: readonly Value[], kwargs: Kwargs | undefined): Value {
    const bound = this.#bind(runtime, args, kwargs);
    try {
      const text = runtime.budget.nested("macros", () => this.#body(bound));
      return runtime.autoescape ? new Markup(text) : text;
    } catch (error) {
      if (error instanceof JinjaError) error.chain.push({ kind: "macro", name: this.shape.name });
      throw error;
    }
  }

  #bind(runtime: Runtime, args: readonly Value[], kwargs: Kwargs | undefined): (Value | undefined)[] {
    const { shape } = this;
    runtime.budget.charge(8 + 2 * (shape.params.length + args.length + (kwargs?.size ?? 0)));
    const named = new Map(kwargs);
    const bound: (Value | undefined)[] = args.slice(0, shape.params.length);
    let foundCaller = shape.params.indexOf("caller") !== -1 && bound.length > shape.params.indexOf("caller");
    for (const name of shape.params.slice(bound.length)) {
      bound.push(named.get(name));
      named.delete(name);
      if (name === "caller") foundCaller = true;
    }
    if (shape.usesCaller && !foundCaller) {
      bound.push(
        orElse(named.get("caller"), () => runtime.undefined({ hint: "No caller defined", name: "caller" })),
      );
      named.delete("caller");
    }
    if (shape.catchesKwargs) bound.push(Dict.of(named, runtime.budget));
    else this.#refuseKwargs(named);
    if (shape.catchesVarargs) bound.push(new Tuple(args.slice(shape.params.length)));
    else if (args.length > shape.params.length) {
      throw typeError(`macro '${shape.name}' takes not more than ${shape.params.length} argument(s)`);
    }
    return bound;
  }

  #refuseKwargs(named: ReadonlyMap<string, Value>): void {
    if (named.has("caller")) {
      throw typeError(
        `macro '${this.shape.name}' was invoked with two values for the special caller argument`,
      );
    }
    const first = named.keys().next();
    if (first.done !== true) {
      throw typeError(`macro '${this.shape.name}' takes no keyword argument '${first.value}'`);
    }
  }
}
