import type { Budget } from "../limits.ts";

/**
 * Which variable a name means, decided before anything runs, by the rules that Jinja2's scopes follow:
 * a scope reads what is around it, keeps what it sets to itself, and `if` is no scope of its own.
 */

/** A group of slots that live and die together: one template root, block, macro or recursive loop. */
export class Unit {
  readonly parent: Unit | undefined;
  readonly budget: Budget;
  readonly #slots = new Map<string, number>();

  /** `budget` books the work of compiling: names times branches can be a lot in a short template. */
  constructor(parent: Unit | undefined, budget: Budget) {
    this.parent = parent;
    this.budget = budget;
  }

  /** The slot of that key; scopes of one depth share slots, since they run one after the other. */
  slot(key: string): number {
    const known = this.#slots.get(key);
    if (known !== undefined) return known;
    const slot = this.#slots.size;
    this.#slots.set(key, slot);
    return slot;
  }

  /** Number of slots a frame needs; final only when all code of the unit is compiled. */
  get size(): number {
    return this.#slots.size;
  }
}

/** A variable: its slot and the unit that has it. */
export interface Reference {
  readonly unit: Unit;
  readonly slot: number;
}

/** What a variable holds when its scope is entered. */
export type Load =
  | { readonly kind: "parameter" }
  | { readonly kind: "missing" }
  | { readonly kind: "resolve"; readonly name: string }
  | { readonly kind: "alias"; readonly source: Reference };

/** The names of one scope. */
export class Symbols {
  readonly parent: Symbols | undefined;
  readonly unit: Unit;
  readonly #level: number;
  readonly #references: Map<string, Reference>;
  /** By slot: each variable and what it holds at first. */
  readonly #loads: Map<number, readonly [Reference, Load]>;
  readonly #stores: Set<string>;

  constructor(unit: Unit, parent: Symbols | undefined, copyOf?: Symbols) {
    this.unit = unit;
    this.parent = parent;
    this.#level = parent === undefined ? 0 : parent.#level + 1;
    if (copyOf !== undefined) unit.budget.charge(2 * copyOf.#references.size);
    this.#references = new Map(copyOf === undefined ? [] : copyOf.#references);
    this.#loads = new Map(copyOf === undefined ? [] : copyOf.#loads);
    this.#stores = new Set(copyOf === undefined ? [] : copyOf.#stores);
  }

  /** A copy for one branch of an `if`. */
  copy(): Symbols {
    return new Symbols(this.unit, this.parent, this);
  }

  /** The variable that a name means here; `undefined` = none yet. */
  find(name: string): Reference | undefined {
    return this.#references.get(name) ?? this.parent?.find(name);
  }

  #define(name: string, load: Load): Reference {
    const slot = this.unit.slot(`${this.#level}:${name}`);
    const reference = this.#loads.get(slot)?.[0] ?? { unit: this.unit, slot };
    this.#references.set(name, reference);
    this.#loads.set(slot, [reference, load]);
    return reference;
  }

  /** The name is read. */
  load(name: string): void {
    if (this.find(name) === undefined) this.#define(name, { kind: "resolve", name });
  }

  /** The name is set. */
  store(name: string): void {
    this.#stores.add(name);
    if (this.#references.has(name)) return;
    const outer = this.parent?.find(name);
    this.#define(name, outer === undefined ? { kind: "missing" } : { kind: "alias", source: outer });
  }

  /** The name is a parameter or loop variable: set from outside before the scope runs. */
  declare(name: string): Reference {
    this.#stores.add(name);
    return this.#define(name, { kind: "parameter" });
  }

  /** Takes over what the branches of an `if` did. */
  merge(branches: readonly Symbols[]): void {
    const counts = new Map<string, number>();
    for (const branch of branches) {
      for (const name of branch.#stores) {
        if (!this.#stores.has(name)) counts.set(name, (counts.get(name) ?? 0) + 1);
      }
    }
    for (const branch of branches) {
      this.unit.budget.charge(2 * branch.#references.size);
      for (const [name, reference] of branch.#references) this.#references.set(name, reference);
      for (const [reference, load] of branch.#loads.values()) this.#replace(reference, load);
      for (const name of branch.#stores) this.#stores.add(name);
    }
    for (const [name, count] of counts) {
      if (count === branches.length) continue;
      const target = this.find(name);
      if (target === undefined) continue;
      const outer = this.parent?.find(name);
      this.#replace(
        target,
        outer === undefined ? { kind: "resolve", name } : { kind: "alias", source: outer },
      );
    }
  }

  #replace(reference: Reference, load: Load): void {
    // To the end: what is read first is set first.
    this.#loads.delete(reference.slot);
    this.#loads.set(reference.slot, [reference, load]);
  }

  /** What to do when the scope is entered. */
  get loads(): readonly (readonly [Reference, Load])[] {
    return [...this.#loads.values()];
  }

  /** All names set here or around, with the variable they mean: what an include gets to see. */
  stored(): ReadonlyMap<string, Reference> {
    const result = new Map<string, Reference>(this.parent?.stored());
    this.unit.budget.charge(result.size + this.#stores.size);
    for (const name of this.#stores) {
      const reference = this.find(name);
      if (reference !== undefined) result.set(name, reference);
    }
    return result;
  }
}
