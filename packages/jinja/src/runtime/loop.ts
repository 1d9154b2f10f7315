import { PythonError, typeError } from "../errors.ts";
import type { Budget } from "../limits.ts";
import { Callable } from "../values/callable.ts";
import { equalSequences } from "../values/compare.ts";
import { tryLength } from "../values/iterate.ts";
import { type Kwargs, type Value, orElse } from "../values/object.ts";
import type { Runtime } from "./runtime.ts";

/** Runs a recursive loop over other items, one level deeper. */
export type LoopRecursion = (iterable: Value, depth: number) => Value;

/** The special variable `loop`. Looks one item ahead, and further only when asked for the length. */
export class LoopContext extends Callable<Runtime> {
  readonly name = "loop";
  readonly #iterator: Iterator<Value>;
  readonly #source: Value;
  readonly #runtime: Runtime;
  readonly #recurse: LoopRecursion | undefined;
  readonly #depth0: number;
  /** Items taken from the iterator before their turn; those before `#taken` have had it. */
  readonly #ahead: Value[] = [];
  #taken = 0;
  #index0 = -1;
  #previous: Value | undefined;
  #current: Value | undefined;
  #lastChanged: readonly Value[] | undefined;
  #length: number | undefined;

  constructor(
    source: Value,
    iterator: Iterator<Value>,
    runtime: Runtime,
    recurse: LoopRecursion | undefined,
    depth0: number,
  ) {
    super();
    this.#source = source;
    this.#iterator = iterator;
    this.#runtime = runtime;
    this.#recurse = recurse;
    this.#depth0 = depth0;
  }

  override get typeName(): string {
    return "LoopContext";
  }

  /** Moves to the next item; `undefined` = no more. */
  advance(): Value | undefined {
    const next = this.#peek();
    if (next === undefined) return undefined;
    this.#taken += 1;
    this.#index0 += 1;
    this.#previous = this.#current;
    this.#current = next;
    return next;
  }

  #peek(): Value | undefined {
    if (this.#taken === this.#ahead.length) {
      const next = this.#iterator.next();
      if (next.done === true) return undefined;
      // One place is enough as long as nobody asks for the length; emptying the list would give it back each time.
      if (this.#ahead.length > 1) this.#ahead.length = 1;
      this.#ahead[0] = next.value;
      this.#taken = 0;
    }
    return this.#ahead[this.#taken];
  }

  #count(): number {
    if (this.#length !== undefined) return this.#length;
    let length = tryLength(this.#source);
    if (length === undefined) {
      for (let next = this.#iterator.next(); next.done !== true; next = this.#iterator.next()) {
        this.#runtime.budget.charge(1);
        this.#ahead.push(next.value);
      }
      length = this.#index0 + 1 + this.#ahead.length - this.#taken;
    }
    this.#length = length;
    return length;
  }

  override size(): number {
    return this.#count();
  }

  override repr(): string {
    return `<LoopContext ${this.#index0 + 1}/${this.#count()}>`;
  }

  override attribute(name: string): Value | undefined {
    switch (name) {
      case "index":
        return this.#index0 + 1;
      case "index0":
        return this.#index0;
      case "depth":
        return this.#depth0 + 1;
      case "depth0":
        return this.#depth0;
      case "first":
        return this.#index0 === 0;
      case "last":
        return this.#peek() === undefined;
      case "length":
        return this.#count();
      case "revindex":
        return this.#count() - this.#index0;
      case "revindex0":
        return this.#count() - this.#index0 - 1;
      case "previtem":
        return orElse(this.#previous, () => this.#runtime.undefined({ hint: "there is no previous item" }));
      case "nextitem":
        return orElse(this.#peek(), () => this.#runtime.undefined({ hint: "there is no next item" }));
      case "cycle":
        return new LoopMethod("cycle", (args) => this.#cycle(args));
      case "changed":
        return new LoopMethod("changed", (args) => this.#changed(args));
      default:
        return undefined;
    }
  }

  #cycle(args: readonly Value[]): Value {
    const item = args[this.#index0 % args.length];
    if (item === undefined) throw typeError("no items for cycling given");
    return item;
  }

  #changed(args: readonly Value[]): boolean {
    const { budget } = this.#runtime;
    const same = this.#lastChanged !== undefined && equalSequences(this.#lastChanged, args, budget);
    this.#lastChanged = args;
    return !same;
  }

  /** `loop(children)` in a recursive loop. @throws TypeError in another loop. */
  override call(runtime: Runtime, args: readonly Value[]): Value {
    const recurse = this.#recurse;
    const iterable = args[0];
    if (recurse === undefined) {
      throw typeError("The loop must have the 'recursive' marker to be called recursively.");
    }
    if (iterable === undefined || args.length > 1) throw typeError("loop() takes one argument");
    return runtime.budget.nested("a recursive loop", () => recurse(iterable, this.#depth0 + 1));
  }
}

class LoopMethod extends Callable {
  readonly name: string;
  readonly #code: (args: readonly Value[]) => Value;

  constructor(name: string, code: (args: readonly Value[]) => Value) {
    super();
    this.name = name;
    this.#code = code;
  }

  override call(_runtime: unknown, args: readonly Value[], kwargs: Kwargs | undefined): Value {
    if (kwargs !== undefined && kwargs.size > 0) {
      throw typeError(`${this.name}() takes no keyword arguments`);
    }
    return this.#code(args);
  }
}

/** Unpacks a value into exactly `count` parts. @throws TypeError, ValueError as Python */
export function unpack(
  count: number,
  items: Iterator<Value> | undefined,
  budget: Budget,
  typeOfValue: string,
): Value[] {
  if (items === undefined) {
    throw typeError(`cannot unpack non-iterable ${typeOfValue} object`);
  }
  const parts: Value[] = [];
  for (let next = items.next(); next.done !== true; next = items.next()) {
    budget.charge(1);
    parts.push(next.value);
    if (parts.length > count) {
      throw new PythonError("ValueError", `too many values to unpack (expected ${count})`);
    }
  }
  if (parts.length < count) {
    throw new PythonError(
      "ValueError",
      `not enough values to unpack (expected ${count}, got ${parts.length})`,
    );
  }
  return parts;
}
