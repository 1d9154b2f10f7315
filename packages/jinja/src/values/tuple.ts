import { SizeLimitError } from "../errors.ts";
import type { Budget } from "../limits.ts";
import { type HashKey, PyObject, type ReprContext, type Value } from "./object.ts";
import { hashKey } from "./hash.ts";
import { compareSequences, equalSequences } from "./compare.ts";
import { reprItems } from "./repr.ts";

/** Longest text that stands for a tuple as a key; nested shared tuples would make it explode. */
const maxKeyLength = 65_536;

/** Python's tuple. Give one to a template with `new Tuple([1, 2])`. */
export class Tuple extends PyObject {
  readonly items: readonly Value[];
  #key: string | undefined;
  #hashable = false;

  constructor(items: readonly Value[]) {
    super();
    this.items = items;
  }

  override get typeName(): string {
    return "tuple";
  }

  override repr(context: ReprContext): string {
    const inner = reprItems(this, this.items, context, "...");
    return this.items.length === 1 ? `(${inner},)` : `(${inner})`;
  }

  override truthy(): boolean {
    return this.items.length > 0;
  }

  override size(): number {
    return this.items.length;
  }

  override iterate(): Iterator<Value> {
    return this.items.values();
  }

  override equals(other: Value, budget: Budget): boolean | undefined {
    return other instanceof Tuple ? equalSequences(this.items, other.items, budget) : undefined;
  }

  override compare(other: Value, budget: Budget): number | undefined {
    return other instanceof Tuple ? compareSequences(this.items, other.items, budget) : undefined;
  }

  /** Text that is the same for equal tuples; `Dict` maps it to one tuple object. */
  override keyText(identity: (key: object) => number, budget: Budget | undefined): string {
    if (this.#key !== undefined) {
      budget?.charge(this.#key.length / 64);
      return this.#key;
    }
    let text = "(";
    let own = true;
    for (const item of this.items) {
      const known = item instanceof PyObject ? item.keyText(identity, budget) : undefined;
      const key = known === undefined ? hashKey(item, budget) : known;
      if (known !== undefined) text += known;
      else if (typeof key === "object" && key !== null) {
        own = false;
        text += `o${identity(key)},`;
      } else text += keyPart(key);
      if (text.length > maxKeyLength) throw new SizeLimitError("a tuple as key", maxKeyLength);
    }
    text += ")";
    budget?.charge(this.items.length + text.length / 16);
    if (own) this.#key = text;
    return text;
  }

  override hashKey(budget: Budget | undefined): HashKey {
    // Once is enough, and all that shared tuples inside of tuples allow.
    if (!this.#hashable) for (const item of this.items) hashKey(item, budget);
    this.#hashable = true;
    return this;
  }
}

function keyPart(key: null | number | bigint | string): string {
  if (typeof key === "string") return `s${key.length}:${key},`;
  return key === null ? "N," : `n${String(key)},`;
}
