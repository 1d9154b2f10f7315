import { LotseError } from "../../kernel/index.ts";
import { hashBytes } from "../merkle/hash.ts";
import { positionOf } from "../merkle/position.ts";
import { readRange, type ReadHashes } from "../merkle/range.ts";

/** Anything that has stored hashes. */
export interface HashSource {
  hashes(positions: readonly number[]): Promise<readonly Buffer[]>;
}

/**
 * Reads stored hashes that must be there.
 *
 * @throws LotseError `audit.corrupt` when one is missing
 */
export function hashReader(source: HashSource): ReadHashes {
  return async (positions) => {
    const hashes = await source.hashes(positions);
    if (hashes.length === positions.length && hashes.every((hash) => hash.length === hashBytes))
      return hashes;
    throw new LotseError({
      code: "audit.corrupt",
      message: "stored hashes of the audit log are missing",
      hint: "they are made anew from the entries at the next append",
      retryable: true,
    });
  };
}

/** The root of the tree at a size that it has, or once had. */
export async function rootAt(size: number, source: HashSource): Promise<Buffer> {
  return (await readRange(size, hashReader(source))).root();
}

/** The hashes of leaves. */
export function readLeaves(from: number, to: number, source: HashSource): Promise<readonly Buffer[]> {
  const count = Math.max(0, to - from);
  return hashReader(source)(
    Array.from({ length: count }, (_, at) => positionOf({ level: 0, index: from + at })),
  );
}
