import { PythonError } from "../errors.ts";
import type { Budget } from "../limits.ts";
import { identicalOrEqual } from "./compare.ts";
import { hashKey } from "./hash.ts";
import { type HashKey, PyObject, type ReprContext, type Value } from "./object.ts";
import { reprGuarded, reprIn } from "./repr.ts";
import { Tuple } from "./tuple.ts";

/** A mapping of the host with names as keys. Its values are the same whenever they are asked for. */
export interface DictSource {
  names(): Iterable<string>;
  /** `undefined` = no such entry. */
  get(name: string): Value | undefined;
}

/** Characters of a key up to which comparing it counts for nothing. */
const shortKey = 64;

/** Python's dict: keeps insertion order; `1`, `1.0` and `True` are one key. */
export class Dict extends PyObject {
  readonly #values = new Map<HashKey, Value>();
  /** Where the entries come from, until they are all in `#values`; up to then it has those that were read. */
  #source: DictSource | undefined;
  /** Keys as they were given, where the filed key looks different. */
  #originals: Map<HashKey, Value> | undefined;
  /** One object for each group of equal tuples, and the like. */
  #same: Map<string, PyObject> | undefined;
  #identities: Map<object, number> | undefined;

  static of(entries: Iterable<readonly [Value, Value]>, budget: Budget | undefined): Dict {
    const dict = new Dict();
    for (const [key, value] of entries) dict.set(key, value, budget);
    return dict;
  }

  /** A dict over a mapping of the host, of which only what is read is looked at. */
  static over(source: DictSource): Dict {
    const dict = new Dict();
    dict.#source = source;
    return dict;
  }

  get #filled(): Map<HashKey, Value> {
    const source = this.#source;
    if (source !== undefined) {
      this.#source = undefined;
      // What was read before is made anew with the rest, in the order of the source.
      this.#values.clear();
      for (const name of source.names()) {
        const value = source.get(name);
        if (value !== undefined) this.#values.set(name, value);
      }
    }
    return this.#values;
  }

  override get typeName(): string {
    return "dict";
  }

  /** What stands for the key; books the work of comparing keys that are long. */
  #file(key: Value, budget: Budget | undefined): HashKey {
    if (typeof key === "string") {
      if (key.length > shortKey) budget?.charge(key.length / shortKey);
      return key;
    }
    const filed = hashKey(key, budget);
    if (typeof filed === "string" && filed.length > shortKey) budget?.charge(filed.length / shortKey);
    if (!(filed instanceof PyObject)) return filed;
    const text = filed.keyText((object) => this.#identity(object), budget);
    if (text === undefined) return filed;
    this.#same ??= new Map();
    const known = this.#same.get(text);
    if (known === undefined) this.#same.set(text, filed);
    return known ?? filed;
  }

  #identity(object: object): number {
    this.#identities ??= new Map();
    const known = this.#identities.get(object) ?? this.#identities.size;
    this.#identities.set(object, known);
    return known;
  }

  /** @throws TypeError for a key that cannot be hashed. */
  get(key: Value, budget: Budget | undefined): Value | undefined {
    const filed = typeof key === "string" && key.length <= shortKey ? key : this.#file(key, budget);
    const known = this.#values.get(filed);
    if (known !== undefined || this.#source === undefined || typeof filed !== "string") return known;
    const value = this.#source.get(filed);
    if (value !== undefined) this.#values.set(filed, value);
    return value;
  }

  /** @throws TypeError for a key that cannot be hashed. */
  has(key: Value, budget: Budget | undefined): boolean {
    return this.get(key, budget) !== undefined;
  }

  /** @throws TypeError for a key that cannot be hashed. */
  set(key: Value, value: Value, budget: Budget | undefined): void {
    const filed = this.#file(key, budget);
    if (filed !== key && !this.#filled.has(filed)) {
      this.#originals ??= new Map();
      this.#originals.set(filed, key);
    }
    this.#filled.set(filed, value);
  }

  /** Removes the key; whether it was there. */
  delete(key: Value, budget: Budget | undefined): boolean {
    const filed = this.#file(key, budget);
    this.#originals?.delete(filed);
    return this.#filled.delete(filed);
  }

  clear(): void {
    this.#filled.clear();
    this.#originals = undefined;
    this.#same = undefined;
  }

  *entries(): Generator<[Value, Value]> {
    for (const [filed, value] of this.#filled) yield [this.#original(filed), value];
  }

  #original(filed: HashKey): Value {
    return this.#originals?.get(filed) ?? (filed as Value);
  }

  /** The keys, as a new list. */
  keyList(): Value[] {
    if (this.#originals === undefined) return [...this.#filled.keys()] as Value[];
    return Array.from(this.#filled.keys(), (filed) => this.#original(filed));
  }

  /** The values, as a new list. */
  valueList(): Value[] {
    return [...this.#filled.values()];
  }

  copy(): Dict {
    return Dict.of(this.entries(), undefined);
  }

  override size(): number {
    return this.#filled.size;
  }

  override truthy(): boolean {
    return this.#filled.size > 0;
  }

  override item(key: Value, budget: Budget): Value | undefined {
    return this.get(key, budget);
  }

  override iterate(): Iterator<Value> {
    return this.#guarded((filed) => this.#original(filed));
  }

  /** Tuples of key and value, guarded like {@link iterate}. */
  iterateItems(): Iterator<Value> {
    return this.#guarded((filed, value) => new Tuple([this.#original(filed), value]));
  }

  /** The values, guarded like {@link iterate}. */
  iterateValues(): Iterator<Value> {
    return this.#guarded((_filed, value) => value);
  }

  *#guarded(pick: (filed: HashKey, value: Value) => Value): Generator<Value> {
    const size = this.#filled.size;
    for (const [filed, value] of this.#filled) {
      yield pick(filed, value);
      if (this.#filled.size !== size) {
        throw new PythonError("RuntimeError", "dictionary changed size during iteration");
      }
    }
  }

  override equals(other: Value, budget: Budget): boolean | undefined {
    if (!(other instanceof Dict)) return undefined;
    if (other === this) return true;
    if (other.size() !== this.size()) return false;
    return budget.nested("a value", () => {
      for (const [key, value] of this.entries()) {
        budget.charge(1);
        const counterpart = other.get(key, budget);
        if (counterpart === undefined || !identicalOrEqual(value, counterpart, budget)) {
          return false;
        }
      }
      return true;
    });
  }

  override repr(context: ReprContext): string {
    return reprGuarded(this, context, "{...}", () => {
      context.budget.charge(this.size());
      let text = "{";
      for (const [key, value] of this.entries()) {
        if (text !== "{") text += ", ";
        text += `${reprIn(key, context)}: ${reprIn(value, context)}`;
      }
      context.budget.chargeText(text.length);
      return `${text}}`;
    });
  }

  override hashKey(): HashKey {
    throw new PythonError("TypeError", "unhashable type: 'dict'");
  }
}
