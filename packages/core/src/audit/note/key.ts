import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from "node:crypto";
import { createHash } from "node:crypto";
import { LotseError, Sensitive } from "../../kernel/index.ts";
import { decodeBase64 } from "./base64.ts";

/** Ed25519 over the text itself, or over the text with a time before it (cosignature/v1). */
export type SignatureType = "note" | "cosignature";

/** The bytes that stand for the types of signatures. */
const typeBytes: Readonly<Record<SignatureType, number>> = { note: 1, cosignature: 4 };

// The fixed beginnings of Ed25519 keys in DER, RFC 8410.
const publicDer = Buffer.from("302a300506032b6570032100", "hex");
const privateDer = Buffer.from("302e020100300506032b657004220420", "hex");

/** A public key with the name it signs under. */
export interface VerifierKey {
  readonly name: string;
  /** Eight hexadecimal digits: says which key a signature is by, and proves nothing. */
  readonly id: string;
  readonly type: SignatureType;
  /** The form in which keys are passed on: `name+id+base64`. */
  readonly text: string;
  /** Whether a signature over a message is by this key. */
  verify(message: string, signature: Uint8Array): boolean;
}

/** A private key that signs notes. */
export interface Signer {
  readonly key: VerifierKey;
  sign(message: string): Buffer;
}

/**
 * Reads a public key of the form `name+id+base64`.
 *
 * @throws LotseError `audit.checkpoint` when it is malformed, of another type, or its id is not its own
 * @see https://c2sp.org/signed-note
 */
export function parseVerifierKey(text: string): VerifierKey {
  const [, name, id, encoded] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/su.exec(text) ?? [];
  const bytes = encoded === undefined ? null : decodeBase64(encoded);
  const type = bytes?.[0] === 1 ? "note" : bytes?.[0] === 4 ? "cosignature" : null;
  if (name === undefined || bytes === null || type === null || bytes.length !== 33) throw malformed(text);
  const key = verifierKey(name, bytes.subarray(1), type);
  if (key.id !== id) throw malformed(text);
  return key;
}

/**
 * Makes a signer from the 32 bytes that an Ed25519 key grows from.
 *
 * @throws LotseError `audit.checkpoint` for a name that a note cannot carry
 */
export function signerFrom(name: string, seed: Sensitive<Uint8Array>, type: SignatureType = "note"): Signer {
  const der = Buffer.concat([privateDer, seed.reveal()]);
  const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  return {
    key: verifierKey(name, spki.subarray(publicDer.length), type),
    sign: (message) => sign(null, Buffer.from(message), privateKey),
  };
}

/** Writes a private key as `PRIVATE+KEY+name+id+base64`, the form that other tools for notes read. */
export function formatSignerKey(signer: Signer, seed: Sensitive<Uint8Array>): string {
  const { name, id, type } = signer.key;
  const bytes = Buffer.concat([Buffer.of(typeBytes[type]), seed.reveal()]);
  return `PRIVATE+KEY+${name}+${id}+${bytes.toString("base64")}`;
}

/**
 * Reads a private key of the form `PRIVATE+KEY+name+id+base64`.
 *
 * @throws LotseError `audit.checkpoint` when it is malformed; the message does not show it
 * @see https://pkg.go.dev/golang.org/x/mod/sumdb/note#hdr-Signing_Notes
 */
export function parseSignerKey(text: Sensitive<string>): Signer {
  const [, name, id, encoded] = /^PRIVATE\+KEY\+([^+]+)\+([0-9a-f]{8})\+(.+)$/su.exec(text.reveal()) ?? [];
  const bytes = encoded === undefined ? null : decodeBase64(encoded);
  const type = bytes?.[0] === 1 ? "note" : bytes?.[0] === 4 ? "cosignature" : null;
  if (name === undefined || bytes === null || type === null || bytes.length !== 33) throw malformed("");
  const signer = signerFrom(name, new Sensitive(bytes.subarray(1)), type);
  if (signer.key.id !== id) throw malformed("");
  return signer;
}

/** Whether a note can carry a name: it is not empty and has no spaces, plus signs or control characters. */
export function isKeyName(name: string): boolean {
  return name !== "" && name.isWellFormed() && !/[\s+\p{White_Space}\p{Cc}]/u.test(name);
}

function verifierKey(name: string, raw: Uint8Array, type: SignatureType): VerifierKey {
  if (!isKeyName(name)) throw malformed(name);
  const material = Buffer.concat([Buffer.of(typeBytes[type]), raw]);
  const id = createHash("sha256").update(`${name}\n`).update(material).digest("hex").slice(0, 8);
  const publicKey: KeyObject = createPublicKey({
    key: Buffer.concat([publicDer, raw]),
    format: "der",
    type: "spki",
  });
  return {
    name,
    id,
    type,
    text: `${name}+${id}+${material.toString("base64")}`,
    verify: (message, signature) =>
      signature.length === 64 && verify(null, Buffer.from(message), publicKey, signature),
  };
}

function malformed(shown: string): LotseError {
  return new LotseError({
    code: "audit.checkpoint",
    message: shown === "" ? "the signing key is not well formed" : `${JSON.stringify(shown)} is no key`,
    hint: "a public key is written name+id+base64",
  });
}
