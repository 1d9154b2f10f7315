import { createHash, hash } from "node:crypto";

/** The length of every hash of the tree. */
export const hashBytes = 32;

const nodePrefix = Buffer.of(1);

/**
 * The hash of a leaf: SHA-256 over a zero byte and the leaf's bytes.
 *
 * @param content - the leaf; a text counts as its UTF-8 bytes
 * @see https://www.rfc-editor.org/rfc/rfc6962#section-2.1
 */
export function leafHash(content: string | Uint8Array): Buffer {
  if (typeof content === "string") return hash("sha256", `\0${content}`, "buffer");
  return createHash("sha256").update("\0").update(content).digest();
}

/**
 * The hash of an inner node: SHA-256 over a one byte and the hashes of its two children.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6962#section-2.1
 */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return hash("sha256", Buffer.concat([nodePrefix, left, right], 1 + 2 * hashBytes), "buffer");
}

/** The root of the tree without leaves: SHA-256 over nothing. */
export function emptyRoot(): Buffer {
  return hash("sha256", "", "buffer");
}
