import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from "node:crypto";
import { LotseError } from "../../kernel/index.ts";

const prefix = "ed25519:";
/** The fixed beginning of an Ed25519 public key in SPKI form, RFC 8410. */
const spkiHead = Buffer.from("302a300506032b6570032100", "hex");

/** A key that signs manifests. The private half never leaves the object. */
export interface SigningKey {
  /** `ed25519:` and the 32 bytes of the public key in base64. */
  readonly publicKey: string;
  /** Signs bytes; the signature is 64 bytes in base64. */
  sign(text: string): string;
}

/**
 * Makes a new key.
 *
 * @returns the key, and its private half as PKCS #8 PEM for a file with mode 0600
 */
export function newSigningKey(): { readonly key: SigningKey; readonly pem: string } {
  const { privateKey } = generateKeyPairSync("ed25519");
  return { key: keyOf(privateKey), pem: privateKey.export({ type: "pkcs8", format: "pem" }) as string };
}

/**
 * Reads a private key.
 *
 * @param pem - PKCS #8 PEM of an Ed25519 key
 * @param file - where it is from, for messages
 * @throws LotseError `secret.identity`
 */
export function readSigningKey(pem: string, file: string): SigningKey {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw unusable(file, "is not a private key in PEM form");
  }
  if (key.asymmetricKeyType !== "ed25519") throw unusable(file, "is not an Ed25519 key");
  return keyOf(key);
}

/**
 * Whether a signature is by the holder of a public key.
 *
 * @returns false for a key or signature that is not well formed, too
 * @see https://www.rfc-editor.org/rfc/rfc8032
 */
export function isSignedBy(publicKey: string, text: string, signature: string): boolean {
  const raw = publicKey.startsWith(prefix) ? Buffer.from(publicKey.slice(prefix.length), "base64") : null;
  if (raw?.length !== 32) return false;
  const bytes = Buffer.from(signature, "base64");
  if (bytes.length !== 64 || bytes.toString("base64") !== signature) return false;
  const key = createPublicKey({ key: Buffer.concat([spkiHead, raw]), type: "spki", format: "der" });
  return verify(null, Buffer.from(text, "utf8"), key, bytes);
}

function keyOf(privateKey: KeyObject): SigningKey {
  const der = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  return {
    publicKey: prefix + der.subarray(spkiHead.length).toString("base64"),
    sign: (text) => sign(null, Buffer.from(text, "utf8"), privateKey).toString("base64"),
  };
}

function unusable(file: string, why: string): LotseError {
  return new LotseError({
    code: "secret.identity",
    message: `the signing key ${file} ${why}`,
    hint: "remove it and `lotse secrets signer` makes a new one; its public half then goes into lotse.yml",
    where: { file },
  });
}
