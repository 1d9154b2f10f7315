import { createHash } from "node:crypto";
import { canonicalJson } from "../../kernel/index.ts";

// The namespace of everything that Lotse names by its content; a random UUID, fixed once.
const namespace = Buffer.from("7c1f2a9e5b0d4c3e8f6a91d2b47e03c5", "hex");

/**
 * A UUID that depends on nothing but the content, so that the same run gives the same document.
 *
 * @param content - a value that JSON can hold
 * @returns a version 5 UUID in lower case
 * @see https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-5
 */
export function uuidOf(content: unknown): string {
  const bytes = createHash("sha1").update(namespace).update(canonicalJson(content)).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
