import { generateKeyPairSync, sign, verify } from "node:crypto";
import type { ReleaseKey } from "../signature/statement.ts";

/** The fixed beginning of an Ed25519 public key in SPKI form, RFC 8410. */
const head = Buffer.from("302a300506032b6570032100", "hex");

/** A new Ed25519 key, as use cases hand them in. */
export function newKey(): ReleaseKey {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const der = publicKey.export({ type: "spki", format: "der" });
  return {
    publicKey: `ed25519:${der.subarray(head.length).toString("base64")}`,
    sign: (text) => sign(null, Buffer.from(text), privateKey).toString("base64"),
  };
}

/** Whether a signature is by a key of {@link newKey}. */
export function isSignedBy(publicKey: string, text: string, signature: string): boolean {
  const raw = Buffer.from(publicKey.replace(/^ed25519:/u, ""), "base64");
  const bytes = Buffer.from(signature, "base64");
  if (raw.length !== 32 || bytes.toString("base64") !== signature) return false;
  const key = Buffer.concat([head, raw]);
  return verify(null, Buffer.from(text), { key, format: "der", type: "spki" }, bytes);
}
