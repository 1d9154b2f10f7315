import { inspect } from "node:util";

const redacted = "[redacted]";

/**
 * Holds a value that must not be seen. It prints as `[redacted]` in strings, JSON and inspection, and its
 * content is in a private field, so that neither a debugger's property list nor a serializer finds it.
 *
 * Only leaf code that hands the value to another program calls {@link Sensitive.reveal}.
 */
export class Sensitive<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** The value itself. To be called at the last moment, in leaf code. */
  reveal(): T {
    return this.#value;
  }

  /** A value made of this one, just as closed. */
  map<U>(change: (value: T) => U): Sensitive<U> {
    return new Sensitive(change(this.#value));
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }

  [inspect.custom](): string {
    return redacted;
  }
}
