/**
 * Where line breaks were left out of a stream, to turn a place among the bytes that are left into a place in
 * the stream. Places that nobody asks about any more are forgotten.
 */
export class LineBreaks {
  /** For each line break how many other bytes came before it; ascending. Numbers up to 2^53 fit. */
  #places = new Float64Array(64);
  /** How many of the places at the front are forgotten. */
  #head = 0;
  #length = 0;
  /** How many have been forgotten and are not in the list any more. */
  #dropped = 0;

  /** Notes a line break after so many other bytes. */
  add(place: number): void {
    if (this.#length === this.#places.length) this.#grow();
    this.#places[this.#length++] = place;
  }

  /** The index in the stream of the other byte with this index. */
  positionOf(index: number): number {
    return index + this.#dropped + this.#upperBound(index);
  }

  /** Forgets what lies before an other byte; from now on only that byte and later ones may be asked about. */
  forgetBefore(index: number): void {
    this.#head = this.#upperBound(index);
  }

  /** Makes room: in place when half of the list is forgotten, so that each place is moved a few times only. */
  #grow(): void {
    const kept = this.#places.subarray(this.#head, this.#length);
    const isMostlyForgotten = this.#head * 2 >= this.#length;
    const target = isMostlyForgotten ? this.#places : new Float64Array(this.#places.length * 2);
    target.set(kept, 0);
    this.#places = target;
    this.#dropped += this.#head;
    this.#length = kept.length;
    this.#head = 0;
  }

  #upperBound(index: number): number {
    let low = this.#head;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#places[middle] as number) <= index) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
