import type { Budget } from "../limits.ts";
import { type Value, orElse } from "../values/object.ts";
import type { BlockFunction, CompiledTemplate, Runtime } from "./runtime.ts";

/** Finds a variable by name; `undefined` = there is none. */
export type Lookup = (name: string) => Value | undefined;

/** Variables and blocks of one running template. */
export class Context {
  readonly template: CompiledTemplate;
  #vars: Map<string, Value>;
  /** A snapshot looks at `#vars`: the next change makes a new map. */
  #shared = false;
  /** Names in `vars` that an import of this template gets. */
  readonly exported: Set<string>;
  /** Implementations of each block, the most derived template's first. */
  readonly blocks: Map<string, BlockFunction[]>;
  readonly #outer: Lookup;

  constructor(
    template: CompiledTemplate,
    outer: Lookup,
    parts: Partial<Pick<Context, "exported" | "blocks">> = {},
  ) {
    this.template = template;
    this.#outer = outer;
    this.#vars = new Map();
    this.exported = parts.exported ?? new Set();
    this.blocks = parts.blocks ?? new Map(Array.from(template.blocks, ([name, block]) => [name, [block]]));
  }

  /** A context for a template that sees `outer` and the template's globals. */
  static root(template: CompiledTemplate, outer: Lookup, runtime: Runtime): Context {
    return new Context(template, (name) => orElse(outer(name), () => template.globals(name, runtime)));
  }

  /** What `set`, `macro` and `import` at the top level have defined so far. */
  get vars(): ReadonlyMap<string, Value> {
    return this.#vars;
  }

  /** Defines a variable of the top level; `budget` books the copy that a snapshot may make necessary. */
  define(name: string, value: Value, budget: Budget): void {
    if (this.#shared) {
      budget.charge(this.#vars.size);
      this.#vars = new Map(this.#vars);
      this.#shared = false;
    }
    this.#vars.set(name, value);
  }

  /** The variable; `undefined` = there is none. */
  resolve(name: string): Value | undefined {
    const value = this.#vars.get(name);
    return value === undefined ? this.#outer(name) : value;
  }

  /** A lookup over this context, with `locals` on top; sees what either has when it is asked. */
  layered(locals: Lookup): Lookup {
    return (name) => orElse(locals(name), () => this.resolve(name));
  }

  /** A lookup over this context as it is now, with `locals` on top. Copies nothing. */
  snapshot(locals: ReadonlyMap<string, Value>): Lookup {
    const vars = this.#vars;
    const outer = this.#outer;
    this.#shared = true;
    return (name) => orElse(locals.get(name), () => orElse(vars.get(name), () => outer(name)));
  }

  /** The context for a scoped block: the same blocks, with `locals` on top. */
  derived(locals: ReadonlyMap<string, Value>): Context {
    return new Context(this.template, this.snapshot(locals), { blocks: this.blocks });
  }
}
