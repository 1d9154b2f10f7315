import { createCipheriv, createDecipheriv, type CipherKey } from "node:crypto";
import { canonical } from "./plain.ts";
import type { Plain, PlainType } from "./model.ts";

/**
 * One encrypted value: AES-256-GCM in the text form of sops,
 * `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]` (https://github.com/getsops/sops/blob/main/aes/cipher.go).
 */
export interface Envelope {
  readonly data: Buffer;
  readonly iv: Buffer;
  readonly tag: Buffer;
  readonly type: PlainType;
}

/** The IV that writers use, in bytes; readers take any length. */
export const ivBytes = 32;
const tagBytes = 16;
const maxIvBytes = 1024;
const types: ReadonlySet<string> = new Set(["str", "int", "float", "bool", "bytes", "time", "comment"]);
const envelopePattern =
  /^ENC\[AES256_GCM,data:([A-Za-z0-9+/]*={0,2}),iv:([A-Za-z0-9+/]+={0,2}),tag:([A-Za-z0-9+/]+={0,2}),type:([a-z0-9]+)\]$/u;

/** Whether a text claims to be an encrypted value. */
export function looksEncrypted(text: string): boolean {
  return text.startsWith("ENC[AES256_GCM,");
}

/** Reads the text form; `undefined` where it is not one, down to the padding of its base64. */
export function parseEnvelope(text: string): Envelope | undefined {
  const match = envelopePattern.exec(text);
  if (match === null) return undefined;
  const [, dataText = "", ivText = "", tagText = "", type = ""] = match;
  const data = decodeBase64(dataText);
  const iv = decodeBase64(ivText);
  const tag = decodeBase64(tagText);
  if (data === undefined || iv === undefined || tag === undefined) return undefined;
  if (tag.length !== tagBytes || iv.length === 0 || iv.length > maxIvBytes || !types.has(type))
    return undefined;
  return { data, iv, tag, type: type as PlainType };
}

function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}

/**
 * Decrypts a value.
 *
 * @param additionalData - where the value belongs; see {@link additionalDataOf}
 * @returns `undefined` where the key, the place or any bit of it is not what it was encrypted with
 */
export function openEnvelope(envelope: Envelope, key: CipherKey, additionalData: string): Plain | undefined {
  const decipher = createDecipheriv("aes-256-gcm", key, envelope.iv, { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(additionalData));
  decipher.setAuthTag(envelope.tag);
  const head = decipher.update(envelope.data);
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return canonical(envelope.type, head);
}

/**
 * Encrypts a value and writes it in its text form. What is empty stays empty, as in sops.
 *
 * @param iv - {@link ivBytes} random bytes, never used before with this key
 */
export function sealEnvelope(plain: Plain, key: CipherKey, additionalData: string, iv: Uint8Array): string {
  if (plain.bytes.length === 0) return "";
  const cipher = createCipheriv("aes-256-gcm", key, iv, { authTagLength: tagBytes });
  cipher.setAAD(Buffer.from(additionalData));
  const data = Buffer.concat([cipher.update(plain.bytes), cipher.final()]);
  const ivText = Buffer.from(iv).toString("base64");
  const tag = cipher.getAuthTag().toString("base64");
  return `ENC[AES256_GCM,data:${data.toString("base64")},iv:${ivText},tag:${tag},type:${plain.type}]`;
}

/** What binds a value to its place: the keys on the way to it, list places left out, each with a colon behind it. */
export function additionalDataOf(path: readonly (string | number)[]): string {
  let text = "";
  for (const key of path) if (typeof key === "string") text += `${key}:`;
  return text === "" ? ":" : text;
}

/** Whether what stands in a file is an encrypted value or comment. */
export function envelopeText(plain: Plain): boolean {
  const isText = plain.type === "str" || plain.type === "comment";
  return isText && looksEncrypted(plain.bytes.toString("latin1").trim());
}
