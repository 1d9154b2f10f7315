/** Turns indices into a text into lines and columns, both from 1. Lines end with `\n`. */
export class Places {
  readonly #starts: number[] = [0];

  constructor(text: string) {
    for (let index = text.indexOf("\n"); index !== -1; index = text.indexOf("\n", index + 1)) {
      this.#starts.push(index + 1);
    }
  }

  /** The place of an index, in UTF-16 units. */
  at(index: number): { readonly line: number; readonly column: number } {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#starts[middle] as number) <= index) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: index - (this.#starts[low] as number) + 1 };
  }
}
