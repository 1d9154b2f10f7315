import {
  findBranch,
  gramBytes,
  hasBranches,
  hasGram,
  hasNext,
  isFirst,
  isLinked,
  isOutput,
  isSecond,
  link,
  spread,
  type Automaton,
  type Gate,
} from "./automaton.ts";
import type { LineBreaks } from "./line-breaks.ts";

/** Takes a match: the pattern's index, and where it starts and ends among the bytes that are no line break. */
export type OnMatch = (pattern: number, start: number, end: number) => void;

/** Where the automaton takes over from the gate, and how far it runs at least. */
interface Handover {
  readonly from: number;
  readonly until: number;
}

/**
 * Runs an automaton over a stream of bytes and skips line breaks, as if they were not there.
 *
 * Within a line it looks at the gate only, until a candidate comes up. There, and from the last bytes of a line
 * to the first of the next, the automaton runs, until at most two bytes of any pattern are left; those the gate
 * looks at again. So every byte is read a bounded number of times, whatever the text.
 */
export class Scanner {
  readonly #automaton: Automaton;
  readonly #onMatch: OnMatch;
  readonly #breaks: LineBreaks;
  #state = 0;
  /** How many bytes other than line breaks have been read. */
  #count = 0;

  constructor(automaton: Automaton, breaks: LineBreaks, onMatch: OnMatch) {
    this.#automaton = automaton;
    this.#breaks = breaks;
    this.#onMatch = onMatch;
  }

  /** How many bytes other than line breaks have been read. */
  get count(): number {
    return this.#count;
  }

  /** How many of the bytes read last may be the beginning of a pattern. */
  undecided(): number {
    return this.#automaton.depthOf(this.#state);
  }

  /** Reads a piece of the stream. */
  read(bytes: Buffer): void {
    const { gate } = this.#automaton;
    if (gate === null) {
      this.#follow(bytes, 0, bytes.length);
      return;
    }
    const lines = new LineEnds(bytes);
    let index = this.#follow(bytes, 0, 0);
    while (index < bytes.length) {
      const { from, until } = skip(gate, bytes, index, lines.endOf(index));
      this.#count += from - index;
      index = this.#follow(bytes, from, until);
    }
  }

  /**
   * Runs the automaton until the gate can take over, at the index `until` or later.
   *
   * @returns where the gate has to start; the end where it has nothing left to look at
   */
  #follow(bytes: Buffer, from: number, until: number): number {
    const { flags, bytes: labels, failures, root, branches } = this.#automaton;
    const end = bytes.length;
    let state = this.#state;
    let count = this.#count;
    let index = from;
    let lineStart = 0;
    while (index < end) {
      const byte = bytes[index++] as number;
      if (byte <= 13 && (byte === 10 || byte === 13)) {
        this.#breaks.add(count);
        lineStart = index;
        continue;
      }
      count++;
      // This is `step`, written out as it runs for every byte of text that resembles a secret.
      for (;;) {
        if (state === 0) {
          state = root[byte] as number;
          break;
        }
        const flag = flags[state] as number;
        if ((flag & hasNext) !== 0 && labels[state + 1] === byte) {
          state++;
          break;
        }
        const branch = (flag & hasBranches) === 0 ? 0 : findBranch(branches, state, byte);
        if (branch !== 0) {
          state = branch;
          break;
        }
        state = failures[state] as number;
      }
      if (((flags[state] as number) & isLinked) === 0) link(this.#automaton, state);
      if (((flags[state] as number) & isOutput) !== 0) state = this.#report(state, count);
      if (index < until) continue;
      const depth = depthBelowThree(flags, state);
      if (depth === undefined || index - depth < lineStart) continue;
      if (index === end) break;
      this.#state = 0;
      this.#count = count - depth;
      return index - depth;
    }
    this.#state = state;
    this.#count = count;
    return index;
  }

  /**
   * Reports the longest pattern that ends here; shorter ones that end here lie within it.
   *
   * @returns the state to go on from
   */
  #report(state: number, count: number): number {
    const { flags, outputs, lengths, failures } = this.#automaton;
    const pattern = outputs.get(state);
    if (pattern !== undefined) {
      this.#onMatch(pattern, count - (lengths[pattern] as number), count);
    }
    // A state without children can only fail next. To do so now lets the filter put out the match at once.
    let next = state;
    while (next !== 0 && ((flags[next] as number) & (hasNext | hasBranches)) === 0) {
      next = failures[next] as number;
    }
    return next;
  }
}

/** @returns `undefined` from three bytes on */
function depthBelowThree(flags: Uint8Array, state: number): number | undefined {
  if (state === 0) return 0;
  const flag = flags[state] as number;
  if ((flag & isFirst) !== 0) return 1;
  return (flag & isSecond) === 0 ? undefined : 2;
}

/**
 * Looks at the gate from an index to the end of its line. Patterns that begin before the index and go on after
 * it must have been dealt with.
 */
function skip(gate: Gate, bytes: Buffer, start: number, lineEnd: number): Handover {
  const { bits, bitShift, stride } = gate;
  let place = start + stride - 1;
  for (; place + gramBytes <= lineEnd; place += stride) {
    const gram =
      (bytes[place] as number) |
      ((bytes[place + 1] as number) << 8) |
      ((bytes[place + 2] as number) << 16) |
      ((bytes[place + 3] as number) << 24);
    const bit = Math.imul(gram, spread) >>> bitShift;
    if ((((bits[bit >>> 5] as number) >>> bit) & 1) !== 0 && hasGram(gate, gram)) {
      return { from: place - stride + 1, until: place + gramBytes };
    }
  }
  return { from: place - stride + 1, until: lineEnd + 1 };
}

/** Finds the ends of lines, and remembers the next ones, as a search costs as much as reading many bytes. */
class LineEnds {
  readonly #bytes: Buffer;
  #feed = -1;
  #return = -1;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The index of the next line break, or the end. Indices may not decrease. */
  endOf(index: number): number {
    if (this.#feed < index) this.#feed = this.#next(10, index);
    if (this.#return < index) this.#return = this.#next(13, index);
    return Math.min(this.#feed, this.#return);
  }

  #next(byte: number, from: number): number {
    const found = this.#bytes.indexOf(byte, from);
    return found === -1 ? this.#bytes.length : found;
  }
}
