import { canonicalJson, digestOf } from "../../kernel/index.ts";
import type { Release } from "../release.ts";
import { parseEnvelope, preAuthenticationEncoding, printEnvelope, type Envelope } from "./dsse.ts";

const payloadType = "application/vnd.in-toto+json";
const predicateType = "https://lotse.dev/release/v1";

/** The private half of a key; its port, as `release` knows nothing of keys. */
export interface ReleaseKey {
  /** `ed25519:` and the public key in base64. */
  readonly publicKey: string;
  /** Signs a text; the signature in base64. */
  sign(text: string): string;
}

/** Whether a signature of a text is by the holder of a public key. */
export type SignatureCheck = (publicKey: string, text: string, signature: string) => boolean;

/** What is wrong with an envelope, or the keys that signed it; says nothing of trust. */
export type CheckedEnvelope =
  | { readonly ok: true; readonly keys: readonly string[] }
  | { readonly ok: false; readonly problem: string };

/**
 * What is said of a release: an in-toto statement that names the SHA-256 of the stored record, and so of all that
 * the record names. It is much smaller than the record itself.
 *
 * @see https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
 */
function statementOf(release: Release): string {
  return canonicalJson({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: `releases/${release.id}.json`, digest: { sha256: digestOf(canonicalJson(release)) } }],
    predicateType,
    predicate: { release: release.id, version: release.version },
  });
}

/** Signs a release; signatures that are there already stay, one of the same key is replaced. */
export function signRelease(release: Release, key: ReleaseKey, before: string | null = null): string {
  const body = statementOf(release);
  const known = before === null ? null : parseEnvelope(before);
  const signatures = (known?.signatures ?? []).filter(({ keyid }) => keyid !== key.publicKey);
  const sig = key.sign(preAuthenticationEncoding(payloadType, body));
  return printEnvelope({
    payloadType,
    payload: Buffer.from(body, "utf8").toString("base64"),
    signatures: [...signatures, { keyid: key.publicKey, sig }],
  });
}

/** Checks that an envelope is about this very release, and that each of its signatures is by the key it names. */
export function checkEnvelope(text: string, release: Release, check: SignatureCheck): CheckedEnvelope {
  const envelope = parseEnvelope(text);
  if (envelope === null) return { ok: false, problem: "the signature is not well formed" };
  const body = statementOf(release);
  const same =
    envelope.payloadType === payloadType && envelope.payload === Buffer.from(body, "utf8").toString("base64");
  if (!same) return { ok: false, problem: "the signature is for another release" };
  return signersOf(envelope, body, check);
}

/** Base64 may spell the same bytes in several ways; a signature must not say anything in two. */
function isSpelledOut(keyid: string): boolean {
  const text = /^ed25519:(.{44})$/u.exec(keyid)?.[1];
  return text !== undefined && Buffer.from(text, "base64").toString("base64") === text;
}

function signersOf(envelope: Envelope, body: string, check: SignatureCheck): CheckedEnvelope {
  const encoded = preAuthenticationEncoding(payloadType, body);
  const keys: string[] = [];
  for (const { keyid, sig } of envelope.signatures) {
    if (!isSpelledOut(keyid) || !check(keyid, encoded, sig))
      return { ok: false, problem: "the signature does not fit the release" };
    keys.push(keyid);
  }
  return { ok: true, keys };
}
