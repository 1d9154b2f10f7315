import { type Value, orElse } from "../values/object.ts";
import type { BlockFunction, CompiledTemplate, Runtime } from "./runtime.ts";

/** Finds a variable by name; `undefined` = there is none. */
export type Lookup = (name: string) => Value | undefined;

/** Variables and blocks of one running template. */
export class Context {
  readonly template: CompiledTemplate;
  /** What `set`, `macro` and `import` at the top level have defined so far. */
  readonly vars: Map<string, Value>;
  /** Names in `vars` that an import of this template gets. */
  readonly exported: Set<string>;
  /** Implementations of each block, the most derived template's first. */
  readonly blocks: Map<string, BlockFunction[]>;
  readonly #outer: Lookup;

  constructor(
    template: CompiledTemplate,
    outer: Lookup,
    parts: Partial<Pick<Context, "vars" | "exported" | "blocks">> = {},
  ) {
    this.template = template;
    this.#outer = outer;
    this.vars = parts.vars ?? new Map();
    this.exported = parts.exported ?? new Set();
    this.blocks = parts.blocks ?? new Map(Array.from(template.blocks, ([name, block]) => [name, [block]]));
  }

  /** A context for a template that sees `outer` and the template's globals. */
  static root(template: CompiledTemplate, outer: Lookup, runtime: Runtime): Context {
    return new Context(template, (name) => orElse(outer(name), () => template.globals(name, runtime)));
  }

  /** The variable; `undefined` = there is none. */
  resolve(name: string): Value | undefined {
    const value = this.vars.get(name);
    return value === undefined ? this.#outer(name) : value;
  }

  /** A lookup over this context as it is now, with `locals` on top. */
  snapshot(locals: ReadonlyMap<string, Value>): Lookup {
    const vars = new Map(this.vars);
    const outer = this.#outer;
    return (name) => orElse(locals.get(name), () => orElse(vars.get(name), () => outer(name)));
  }

  /** The context for a scoped block: the same blocks, with `locals` on top. */
  derived(locals: ReadonlyMap<string, Value>): Context {
    return new Context(this.template, this.snapshot(locals), { blocks: this.blocks });
  }
}
