import type { Plain, SopsDocument, SopsPath } from "./model.ts";
import { pathId } from "./source-text.ts";

/** One value of a unit: its path below the unit's own, and what stands there. */
interface UnitLeaf {
  readonly path: SopsPath;
  readonly plain: Plain;
}

/**
 * What is compared and merged as one: a single value, or a whole list, because places in a list move and say
 * nothing of what stands there.
 */
export interface Unit {
  readonly document: number;
  readonly path: SopsPath;
  readonly leaves: readonly UnitLeaf[];
}

/** The units of a file by an id of their path, in document order. */
export function unitsOf(document: SopsDocument): ReadonlyMap<string, Unit> {
  const units = new Map<string, { document: number; path: SopsPath; leaves: UnitLeaf[] }>();
  document.parsed.entries.forEach((entry, index) => {
    const plain = document.plains[index]?.reveal();
    if (entry.kind === "comment" || plain === undefined) return;
    const firstPlace = entry.path.findIndex((key) => typeof key === "number");
    const path = firstPlace < 0 ? entry.path : entry.path.slice(0, firstPlace);
    const id = pathId(path, entry.document);
    const unit = units.get(id) ?? { document: entry.document, path, leaves: [] };
    units.set(id, unit);
    unit.leaves.push({ path: entry.path.slice(path.length), plain });
  });
  return units;
}

/** Whether two units hold the same. */
export function sameUnit(left: Unit | undefined, right: Unit | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return (
    left.leaves.length === right.leaves.length &&
    left.leaves.every((leaf, at) => {
      const other = right.leaves[at];
      return (
        other !== undefined &&
        pathId(leaf.path) === pathId(other.path) &&
        leaf.plain.type === other.plain.type &&
        leaf.plain.bytes.equals(other.plain.bytes)
      );
    })
  );
}
