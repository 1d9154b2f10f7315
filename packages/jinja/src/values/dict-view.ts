import { typeError, unreachable } from "../errors.ts";
import type { Budget } from "../limits.ts";
import { identicalOrEqual } from "./compare.ts";
import type { Dict } from "./dict.ts";
import { PyObject, type ReprContext, type Value } from "./object.ts";
import { reprItems } from "./repr.ts";
import { Tuple } from "./tuple.ts";

/** What `dict.keys()`, `dict.values()` and `dict.items()` return: a live view. */
export class DictView extends PyObject {
  readonly kind: "keys" | "values" | "items";
  readonly dict: Dict;

  constructor(kind: "keys" | "values" | "items", dict: Dict) {
    super();
    this.kind = kind;
    this.dict = dict;
  }

  override get typeName(): string {
    return `dict_${this.kind}`;
  }

  /** The elements now. */
  list(): Value[] {
    switch (this.kind) {
      case "keys":
        return this.dict.keyList();
      case "values":
        return this.dict.valueList();
      case "items":
        return Array.from(this.dict.entries(), (entry) => new Tuple(entry));
      default:
        return unreachable(this.kind);
    }
  }

  override repr(context: ReprContext): string {
    return `${this.typeName}([${reprItems(this, this.list(), context, "...")}])`;
  }

  override size(): number {
    return this.dict.size();
  }

  override truthy(): boolean {
    return this.size() > 0;
  }

  override iterate(): Iterator<Value> {
    switch (this.kind) {
      case "keys":
        return this.dict.iterate();
      case "values":
        return this.dict.iterateValues();
      case "items":
        return this.dict.iterateItems();
      default:
        return unreachable(this.kind);
    }
  }

  override hashKey(): never {
    throw typeError(`unhashable type: '${this.typeName}'`);
  }

  override equals(other: Value, budget: Budget): boolean | undefined {
    if (!(other instanceof DictView) || this.kind === "values" || other.kind === "values") {
      return undefined;
    }
    const mine = this.list();
    const theirs = other.list();
    budget.charge(mine.length * theirs.length);
    return (
      mine.length === theirs.length &&
      mine.every((item) => theirs.some((candidate) => identicalOrEqual(item, candidate, budget)))
    );
  }
}
