import { Callable } from "../values/callable.ts";
import { Markup } from "../values/markup.ts";
import { PyObject, type Value } from "../values/object.ts";
import type { Context } from "./context.ts";
import type { BlockFunction, Runtime } from "./runtime.ts";

/** An imported template: what it exports, and its output as text. */
export class TemplateModule extends PyObject {
  readonly #context: Context;
  readonly text: string;

  constructor(context: Context, text: string) {
    super();
    this.#context = context;
    this.text = text;
  }

  override get typeName(): string {
    return "TemplateModule";
  }

  /** Names that the template exports. */
  get exported(): readonly string[] {
    return [...this.#context.exported];
  }

  override attribute(name: string): Value | undefined {
    return this.#context.exported.has(name) ? this.#context.vars.get(name) : undefined;
  }

  override str(): string {
    return this.text;
  }

  override repr(): string {
    const { name } = this.#context.template;
    return name === undefined ? "<TemplateModule memory>" : `<TemplateModule '${name}'>`;
  }
}

/** `self`: the blocks of the running template. */
export class SelfReference extends PyObject {
  readonly #context: Context;
  readonly #runtime: Runtime;

  constructor(context: Context, runtime: Runtime) {
    super();
    this.#context = context;
    this.#runtime = runtime;
  }

  override get typeName(): string {
    return "TemplateReference";
  }

  override item(key: Value): Value | undefined {
    const stack = typeof key === "string" ? this.#context.blocks.get(key) : undefined;
    if (stack === undefined || typeof key !== "string") return undefined;
    return new BlockReference(key, this.#context, stack, 0, this.#runtime);
  }

  override repr(): string {
    const name = this.#context.template.name;
    return `<TemplateReference ${name === undefined ? "None" : `'${name}'`}>`;
  }
}

/** One implementation of a block; calling it renders it, `super` is the next one up. */
export class BlockReference extends Callable<Runtime> {
  readonly name: string;
  readonly #context: Context;
  readonly #stack: readonly BlockFunction[];
  readonly #depth: number;
  readonly #runtime: Runtime;

  constructor(
    name: string,
    context: Context,
    stack: readonly BlockFunction[],
    depth: number,
    runtime: Runtime,
  ) {
    super();
    this.name = name;
    this.#context = context;
    this.#stack = stack;
    this.#depth = depth;
    this.#runtime = runtime;
  }

  override get typeName(): string {
    return "BlockReference";
  }

  /** The implementation that the one at `depth` overrides; undefined if there is none. */
  static parent(name: string, context: Context, current: BlockFunction | undefined, runtime: Runtime): Value {
    const stack = context.blocks.get(name) ?? [];
    const index = current === undefined ? -1 : stack.indexOf(current);
    if (index === -1 || index + 1 >= stack.length) {
      return runtime.undefined({
        hint: `there is no parent block called '${name}'.`,
        name: "super",
      });
    }
    return new BlockReference(name, context, stack, index + 1, runtime);
  }

  override attribute(name: string): Value | undefined {
    if (name !== "super") return undefined;
    return BlockReference.parent(this.name, this.#context, this.#stack[this.#depth], this.#runtime);
  }

  override call(runtime: Runtime): Value {
    const block = this.#stack[this.#depth];
    const text = runtime.budget.nested("blocks", () =>
      runtime.capture(() => block?.(this.#context, runtime)),
    );
    return runtime.autoescape ? new Markup(text) : text;
  }
}
