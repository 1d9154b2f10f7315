import { positionOf, splitOf, subtreesOf } from "./position.ts";
import { foldPeaks, type ReadHashes } from "./range.ts";

/** A range of leaves whose subtree is one hash of a proof. */
type Range = readonly [from: number, to: number];

/**
 * The hashes that prove that a leaf is in a tree, the leaf's sibling first.
 *
 * @param index - of the leaf, from 0 and below `size`
 * @see https://www.rfc-editor.org/rfc/rfc6962#section-2.1.1
 */
export function inclusionProof(index: number, size: number, read: ReadHashes): Promise<Buffer[]> {
  const siblings: Range[] = [];
  let [from, to] = [0, size];
  while (to - from > 1) {
    const middle = from + splitOf(to - from);
    if (index < middle) {
      siblings.unshift([middle, to]);
      to = middle;
    } else {
      siblings.unshift([from, middle]);
      from = middle;
    }
  }
  return readSubtrees(siblings, read);
}

/**
 * The hashes that prove that a tree is the beginning of a larger one; none where one of them is empty or both
 * are of the same size.
 *
 * @param oldSize - at most `newSize`
 * @see https://www.rfc-editor.org/rfc/rfc6962#section-2.1.2
 */
export function consistencyProof(oldSize: number, newSize: number, read: ReadHashes): Promise<Buffer[]> {
  if (oldSize === 0 || oldSize === newSize) return Promise.resolve([]);
  const ranges: Range[] = [];
  let [from, to] = [0, newSize];
  while (to !== oldSize) {
    const middle = from + splitOf(to - from);
    if (oldSize <= middle) {
      ranges.unshift([middle, to]);
      to = middle;
    } else {
      ranges.unshift([from, middle]);
      from = middle;
    }
  }
  // Who checks the proof knows the root of the whole old tree, so that need not be said.
  if (from !== 0) ranges.unshift([from, to]);
  return readSubtrees(ranges, read);
}

async function readSubtrees(ranges: readonly Range[], read: ReadHashes): Promise<Buffer[]> {
  const groups = ranges.map(([from, to]) => subtreesOf(from, to).map(positionOf));
  const hashes = await read(groups.flat());
  let next = 0;
  return groups.map((group) => foldPeaks(hashes.slice(next, (next += group.length))));
}
