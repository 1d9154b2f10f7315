import { PythonError } from "../errors.ts";
import type { Budget } from "../limits.ts";
import { identicalOrEqual } from "./compare.ts";
import { hashKey } from "./hash.ts";
import { type HashKey, PyObject, type ReprContext, type Value } from "./object.ts";
import { reprGuarded, reprIn } from "./repr.ts";
import { Tuple } from "./tuple.ts";

/** Python's dict: keeps insertion order; `1`, `1.0` and `True` are one key. */
export class Dict extends PyObject {
  readonly #values = new Map<HashKey, Value>();
  /** Keys as they were given, where the filed key looks different. */
  #originals: Map<HashKey, Value> | undefined;
  /** One tuple object for each group of equal tuples. */
  #tuples: Map<string, Tuple> | undefined;
  #identities: Map<object, number> | undefined;

  static of(entries: Iterable<readonly [Value, Value]>): Dict {
    const dict = new Dict();
    for (const [key, value] of entries) dict.set(key, value);
    return dict;
  }

  override get typeName(): string {
    return "dict";
  }

  #file(key: Value): HashKey {
    if (typeof key === "string") return key;
    const filed = hashKey(key);
    if (!(filed instanceof Tuple)) return filed;
    const text = filed.keyText((object) => this.#identity(object));
    this.#tuples ??= new Map();
    const known = this.#tuples.get(text);
    if (known === undefined) this.#tuples.set(text, filed);
    return known ?? filed;
  }

  #identity(object: object): number {
    this.#identities ??= new Map();
    const known = this.#identities.get(object) ?? this.#identities.size;
    this.#identities.set(object, known);
    return known;
  }

  /** @throws TypeError for a key that cannot be hashed. */
  get(key: Value): Value | undefined {
    return this.#values.get(typeof key === "string" ? key : this.#file(key));
  }

  /** @throws TypeError for a key that cannot be hashed. */
  has(key: Value): boolean {
    return this.#values.has(this.#file(key));
  }

  /** @throws TypeError for a key that cannot be hashed. */
  set(key: Value, value: Value): void {
    const filed = this.#file(key);
    if (filed !== key && typeof filed !== "object" && !this.#values.has(filed)) {
      this.#originals ??= new Map();
      this.#originals.set(filed, key);
    }
    this.#values.set(filed, value);
  }

  /** Removes the key; whether it was there. */
  delete(key: Value): boolean {
    const filed = this.#file(key);
    this.#originals?.delete(filed);
    return this.#values.delete(filed);
  }

  clear(): void {
    this.#values.clear();
    this.#originals = undefined;
    this.#tuples = undefined;
  }

  *entries(): Generator<[Value, Value]> {
    for (const [filed, value] of this.#values) yield [this.#original(filed), value];
  }

  #original(filed: HashKey): Value {
    return this.#originals?.get(filed) ?? (filed as Value);
  }

  /** The keys, as a new list. */
  keyList(): Value[] {
    if (this.#originals === undefined) return [...this.#values.keys()] as Value[];
    return Array.from(this.#values.keys(), (filed) => this.#original(filed));
  }

  /** The values, as a new list. */
  valueList(): Value[] {
    return [...this.#values.values()];
  }

  copy(): Dict {
    return Dict.of(this.entries());
  }

  override size(): number {
    return this.#values.size;
  }

  override truthy(): boolean {
    return this.#values.size > 0;
  }

  override item(key: Value): Value | undefined {
    return this.get(key);
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
    const size = this.#values.size;
    for (const [filed, value] of this.#values) {
      yield pick(filed, value);
      if (this.#values.size !== size) {
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
        const counterpart = other.get(key);
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
