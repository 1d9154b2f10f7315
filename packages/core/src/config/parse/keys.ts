/**
 * Keeps one copy of every map key. Files of the same kind have the same keys: sharing them saves their memory,
 * and a map finds a key faster that is the very same text.
 */
export class KeyTable {
  readonly #keys = new Map<string, string>();

  /** The copy of a key that is kept. */
  shared(key: string): string {
    const known = this.#keys.get(key);
    if (known !== undefined) return known;
    this.#keys.set(key, key);
    return key;
  }
}
