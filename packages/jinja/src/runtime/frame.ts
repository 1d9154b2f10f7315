import type { Value } from "../values/object.ts";
import type { Context } from "./context.ts";
import type { Runtime } from "./runtime.ts";

/** Local variables of one running template, block or macro; `undefined` = not set. */
export class Frame {
  readonly slots: (Value | undefined)[];
  /** Frame of the code that a macro stands in. */
  readonly parent: Frame | undefined;
  readonly context: Context;
  readonly runtime: Runtime;
  /** Set by `extends`: what to run instead of the rest of this template. */
  extended: (() => void) | undefined;

  constructor(size: number, parent: Frame | undefined, context: Context, runtime: Runtime) {
    this.slots = [];
    this.slots.length = size;
    this.parent = parent;
    this.context = context;
    this.runtime = runtime;
  }
}
