import { type Kwargs, PyObject, type Value } from "./object.ts";

/** Anything a template can call. `R` is the state of the rendering, which this layer does not know. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the type lives a layer up
export abstract class Callable<R = unknown> extends PyObject {
  abstract readonly name: string;

  override get typeName(): string {
    return "function";
  }

  override repr(): string {
    return `<function ${this.name}>`;
  }

  /** Calls it with Python's two kinds of arguments. */
  abstract call(runtime: R, args: readonly Value[], kwargs: Kwargs | undefined): Value;
}
