/**
 * Bytes of a stream that are not put out yet, by their index in the stream: those kept from earlier chunks, and
 * after them the present chunk, which is not copied. Both adding and taking cost what is added or taken.
 */
export class Pending {
  #kept = Buffer.alloc(0);
  #from = 0;
  #to = 0;
  #chunk: Buffer = Buffer.alloc(0);
  /** The index in the stream of the first byte that is held. */
  #start = 0;

  /** The index in the stream of the first byte that is held. */
  get start(): number {
    return this.#start;
  }

  /** The index in the stream after the last byte that is held. */
  get end(): number {
    return this.#chunkStart + this.#chunk.length;
  }

  get #chunkStart(): number {
    return this.#start + this.#to - this.#from;
  }

  /** Makes bytes the present chunk, after all that is held. */
  add(chunk: Buffer): void {
    this.keep();
    this.#chunk = chunk;
  }

  /**
   * Takes all bytes before an index of the stream out.
   *
   * @param output - takes them, as views of the chunk where they are in it; `null` drops them
   */
  take(until: number, output: Buffer[] | null): void {
    const fromKept = Math.min(until - this.#start, this.#to - this.#from);
    if (fromKept > 0) {
      output?.push(Buffer.from(this.#kept.subarray(this.#from, this.#from + fromKept)));
      this.#from += fromKept;
      this.#start += fromKept;
    }
    const fromChunk = until - this.#start;
    if (fromChunk > 0) {
      output?.push(this.#chunk.subarray(0, fromChunk));
      this.#chunk = this.#chunk.subarray(fromChunk);
      this.#start = until;
    }
  }

  /** Copies what is left of the present chunk, as it belongs to somebody else. */
  keep(): void {
    if (this.#chunk.length === 0) return;
    this.#reserve(this.#chunk.length);
    this.#kept.set(this.#chunk, this.#to);
    this.#to += this.#chunk.length;
    this.#chunk = Buffer.alloc(0);
  }

  #reserve(more: number): void {
    if (this.#to + more <= this.#kept.length) return;
    const held = this.#to - this.#from;
    // Moving to the front pays only when at least as much is free there as has to be moved.
    const target =
      (held + more) * 2 <= this.#kept.length ? this.#kept : Buffer.allocUnsafe((held + more) * 2);
    target.set(this.#kept.subarray(this.#from, this.#to), 0);
    this.#kept = target;
    this.#from = 0;
    this.#to = held;
  }
}
