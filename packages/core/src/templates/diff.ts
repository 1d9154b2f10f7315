/** A stretch of two texts: lines that both have, or lines of the one that stand in the place of lines of the other. */
export interface Stretch {
  readonly same: boolean;
  /** The first line in the old and in the new text, from 0. */
  readonly oldStart: number;
  readonly newStart: number;
  readonly oldCount: number;
  readonly newCount: number;
}

// Texts that differ by more lines than this are shown as wholly replaced: the work grows with the square.
const maxEdits = 1000;

/**
 * Compares two lists of lines; the fewest lines change, by Myers' algorithm.
 *
 * @see http://www.xmailserver.org/diff2.pdf "An O(ND) Difference Algorithm and Its Variations"
 */
export function compareLines(before: readonly string[], after: readonly string[]): readonly Stretch[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head += 1;
  let tail = 0;
  const most = Math.min(before.length, after.length) - head;
  while (tail < most && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1;
  const old = before.slice(head, before.length - tail);
  const now = after.slice(head, after.length - tail);
  const kept = [
    ...Array.from({ length: head }, (_, at) => [at, at] as const),
    ...matches(old, now).map(([x, y]) => [x + head, y + head] as const),
    ...Array.from(
      { length: tail },
      (_, at) => [before.length - tail + at, after.length - tail + at] as const,
    ),
  ];
  return stretchesOf(kept, before.length, after.length);
}

/** The pairs of equal lines of a longest common subsequence, or none where the texts differ too much. */
function matches(old: readonly string[], now: readonly string[]): readonly (readonly [number, number])[] {
  const limit = Math.min(maxEdits, old.length + now.length);
  const ends = new Map<number, number>([[1, 0]]);
  const rounds: ReadonlyMap<number, number>[] = [];
  for (let edits = 0; edits <= limit; edits++) {
    rounds.push(new Map(ends));
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      let x = furthest(ends, diagonal, edits);
      while (x < old.length && x - diagonal < now.length && old[x] === now[x - diagonal]) x += 1;
      ends.set(diagonal, x);
      if (x >= old.length && x - diagonal >= now.length) return backwards(rounds, old.length, now.length);
    }
  }
  return [];
}

/** Where a diagonal is entered: down from the one above it, or right from the one below, whichever got further. */
function furthest(ends: ReadonlyMap<number, number>, diagonal: number, edits: number): number {
  const down = ends.get(diagonal + 1) ?? -1;
  const right = (ends.get(diagonal - 1) ?? -1) + 1;
  return diagonal === -edits || (diagonal !== edits && right <= down) ? down : right;
}

function backwards(
  rounds: readonly ReadonlyMap<number, number>[],
  oldCount: number,
  newCount: number,
): readonly (readonly [number, number])[] {
  const pairs: [number, number][] = [];
  let [x, y] = [oldCount, newCount];
  for (let edits = rounds.length - 1; edits >= 0; edits--) {
    const ends = rounds[edits] as ReadonlyMap<number, number>;
    const diagonal = x - y;
    const down = ends.get(diagonal + 1) ?? -1;
    const right = (ends.get(diagonal - 1) ?? -1) + 1;
    const fromAbove = diagonal === -edits || (diagonal !== edits && right <= down);
    const entered = fromAbove ? down : right;
    while (x > entered && y > entered - diagonal && x > 0 && y > 0) pairs.push([--x, --y]);
    if (edits === 0) break;
    if (fromAbove) y -= 1;
    else x -= 1;
  }
  return pairs.reverse();
}

function stretchesOf(
  kept: readonly (readonly [number, number])[],
  oldTotal: number,
  newTotal: number,
): readonly Stretch[] {
  const found: Stretch[] = [];
  let [x, y] = [0, 0];
  const change = (toX: number, toY: number): void => {
    if (toX > x || toY > y) {
      found.push({ same: false, oldStart: x, newStart: y, oldCount: toX - x, newCount: toY - y });
    }
  };
  for (let at = 0; at < kept.length;) {
    const [fromX, fromY] = kept[at] as readonly [number, number];
    change(fromX, fromY);
    let count = 1;
    while (kept[at + count]?.[0] === fromX + count && kept[at + count]?.[1] === fromY + count) count += 1;
    found.push({ same: true, oldStart: fromX, newStart: fromY, oldCount: count, newCount: count });
    [x, y] = [fromX + count, fromY + count];
    at += count;
  }
  change(oldTotal, newTotal);
  return found;
}
