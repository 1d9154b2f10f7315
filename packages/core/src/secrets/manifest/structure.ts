import { createHash } from "node:crypto";
import { canonicalJson } from "../../kernel/index.ts";

/** One leaf of a secret file as it stands in the file: its place and its text, ciphertext where encrypted. */
export interface StructureLeaf {
  /** Keys, and indexes of lists, from the root. */
  readonly path: readonly (string | number)[];
  /** How the file's format types it: `str`, `int`, `comment`, … */
  readonly type: string;
  readonly encrypted: boolean;
  /** The ciphertext token of an encrypted leaf, the plain text of any other. */
  readonly text: string;
}

/**
 * The digest of a file's canonical structure: SHA-256 over every leaf in document order, each as one line of
 * canonical JSON. Layout, quoting and comments in the clear do not count. Unlike the file's own MAC it covers
 * key names, list positions and the borders between neighbouring values.
 *
 * @returns lower-case hex
 */
export function structureDigest(leaves: Iterable<StructureLeaf>): string {
  const hash = createHash("sha256");
  for (const { path, type, encrypted, text } of leaves) {
    hash.update(canonicalJson([path, type, encrypted, text]));
    hash.update("\n");
  }
  return hash.digest("hex");
}
