/** A seeded source of numbers, so that every run works on the same files. */
export class Random {
  #state: number;

  /** @param seed - any text; the same text gives the same numbers */
  constructor(seed: string) {
    this.#state = 2166136261;
    for (const character of seed) {
      this.#state = Math.imul(this.#state ^ (character.codePointAt(0) ?? 0), 16777619);
    }
  }

  /** A number from 0 up to but not including 1: mulberry32 (https://gist.github.com/tommyettinger/46a874533244883189143505d203312c). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }

  /** A whole number from 0 up to but not including the limit. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** One of the items. @throws RangeError where there is none */
  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError("there is nothing to pick from");
    return item;
  }

  /** Some of the items, each at most once, in random order. */
  some<Item>(items: readonly Item[], count: number): readonly Item[] {
    const pool = [...items];
    for (let at = 0; at < Math.min(count, pool.length); at++) {
      const other = at + this.below(pool.length - at);
      [pool[at], pool[other]] = [pool[other] as Item, pool[at] as Item];
    }
    return pool.slice(0, count);
  }
}
