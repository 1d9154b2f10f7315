/** A complete subtree: `2 ** level` leaves, of which the first is `index * 2 ** level`. */
export interface TreeNode {
  readonly level: number;
  readonly index: number;
}

/**
 * Where the hash of a complete subtree stands when hashes are stored in the order in which they become known:
 * each leaf, followed by the nodes that it completes. Nothing stored ever changes when the tree grows.
 *
 * Before leaf `m` there are `m` leaves and `m - popcount(m)` completed inner nodes.
 *
 * @see https://research.swtch.com/tlog "Appendix A: Postorder Storage Layout"
 */
export function positionOf({ level, index }: TreeNode): number {
  const lastLeaf = (index + 1) * 2 ** level - 1;
  return storedHashes(lastLeaf) + level;
}

/** How many hashes a tree of this many leaves has stored. */
export function storedHashes(size: number): number {
  return 2 * size - ones(size);
}

/** The complete subtrees that a range of leaves falls into, from left to right; the largest comes first. */
export function subtreesOf(from: number, to: number): TreeNode[] {
  const nodes: TreeNode[] = [];
  for (let start = from; start < to;) {
    const level = Math.floor(Math.log2(to - start));
    nodes.push({ level, index: start / 2 ** level });
    start += 2 ** level;
  }
  return nodes;
}

/** The largest power of two that is smaller than a number of at least 2. */
export function splitOf(size: number): number {
  return 2 ** Math.floor(Math.log2(size - 1));
}

/** Bitwise operators would cut at 32 bits. */
function ones(value: number): number {
  let count = 0;
  for (let rest = value; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2;
  return count;
}
