import { PyObject, type Value } from "./object.ts";

/** A Python iterator or generator: can be walked once, has no length. */
export class PyIterator extends PyObject {
  readonly #source: Iterator<Value>;
  readonly #typeName: string;

  constructor(source: Iterator<Value>, name = "generator") {
    super();
    this.#source = source;
    this.#typeName = name;
  }

  override get typeName(): string {
    return this.#typeName;
  }

  override repr(): string {
    return `<${this.#typeName} object>`;
  }

  override iterate(): Iterator<Value> {
    return this.#source;
  }
}
