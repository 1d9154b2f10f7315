/**
 * The variables of a template by name, each made when it is first asked for: a template reads a few sections of a
 * configuration, and making all of them for every tenant costs more than rendering.
 */
export class LazySections extends Map<string, unknown> {
  readonly #make: (name: string) => unknown;
  readonly #made = new Set<string>();

  /** @param make - the value of a name; asked once for each */
  constructor(names: Iterable<string>, make: (name: string) => unknown) {
    super();
    for (const name of names) super.set(name, undefined);
    this.#make = make;
  }

  override get(name: string): unknown {
    if (super.has(name) && !this.#made.has(name)) {
      this.#made.add(name);
      super.set(name, this.#make(name));
    }
    return super.get(name);
  }

  override set(name: string, value: unknown): this {
    // The constructor of Map calls this before there are fields; it is given nothing to set.
    this.#made.add(name);
    return super.set(name, value);
  }

  override *entries(): MapIterator<[string, unknown]> {
    for (const name of super.keys()) yield [name, this.get(name)];
  }

  override [Symbol.iterator](): MapIterator<[string, unknown]> {
    return this.entries();
  }

  override *values(): MapIterator<unknown> {
    for (const [, value] of this.entries()) yield value;
  }

  override forEach(act: (value: unknown, name: string, map: Map<string, unknown>) => void): void {
    for (const [name, value] of this.entries()) act(value, name, this);
  }
}
