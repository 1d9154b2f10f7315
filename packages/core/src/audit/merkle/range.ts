import { emptyRoot, nodeHash } from "./hash.ts";
import { positionOf, subtreesOf } from "./position.ts";

/** Reads stored hashes by their positions, see `positionOf`. */
export type ReadHashes = (positions: readonly number[]) => Promise<readonly Buffer[]>;

/**
 * The right edge of a growing tree: the roots of its complete subtrees, at most one a level. It is all that is
 * needed to append, and to know the root.
 *
 * @see https://github.com/transparency-dev/merkle/blob/main/docs/compact_ranges.md
 */
export class CompactRange {
  #size: number;
  readonly #peaks: Buffer[];

  constructor(size = 0, peaks: readonly Buffer[] = []) {
    this.#size = size;
    this.#peaks = [...peaks];
  }

  /** The number of leaves. */
  get size(): number {
    return this.#size;
  }

  /** Takes a leaf's hash, and tells every hash that becomes known by it, in the order of storage. */
  append(leaf: Buffer, onHash?: (hash: Buffer) => void): void {
    onHash?.(leaf);
    let hash = leaf;
    for (let rest = this.#size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
      hash = nodeHash(this.#peaks.pop() as Buffer, hash);
      onHash?.(hash);
    }
    this.#peaks.push(hash);
    this.#size += 1;
  }

  /** Another one of the same tree, which grows by itself. */
  copy(): CompactRange {
    return new CompactRange(this.#size, this.#peaks);
  }

  /** The root of the tree at its present size. */
  root(): Buffer {
    return foldPeaks(this.#peaks);
  }
}

/** The root over subtrees from left to right, as in a compact range. */
export function foldPeaks(peaks: readonly Buffer[]): Buffer {
  const last = peaks.at(-1);
  if (last === undefined) return emptyRoot();
  return peaks.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last);
}

/** The right edge of the tree at a size, from stored hashes. */
export async function readRange(size: number, read: ReadHashes): Promise<CompactRange> {
  return new CompactRange(size, await read(subtreesOf(0, size).map(positionOf)));
}
