import { LotseError } from "../../kernel/index.ts";
import { decodeBase64 } from "./base64.ts";
import { isKeyName, type VerifierKey } from "./key.ts";

const maxLength = 65_536;
const maxSignatures = 100;

/** One signature line of a note. */
interface NoteSignature {
  readonly name: string;
  /** Eight hexadecimal digits. */
  readonly id: string;
  readonly signature: Buffer;
}

/** A text and who signed it, not yet checked. */
export interface Note {
  /** With its last line break. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** A note whose signatures were checked against known keys. */
export interface OpenedNote extends Note {
  /** The known keys that signed it; at least one. */
  readonly keys: readonly VerifierKey[];
}

/**
 * Takes a note apart without checking its signatures.
 *
 * @throws LotseError `audit.checkpoint` when it is not well formed
 * @see https://c2sp.org/signed-note
 */
export function parseNote(content: string): Note {
  const end = content.lastIndexOf("\n\n");
  // oxlint-disable-next-line no-control-regex -- the format forbids them
  if (content.length > maxLength || end < 0 || !content.endsWith("\n") || /[\0-\t\v-\x1f]/u.test(content)) {
    throw malformed("it is not a text, an empty line and signatures");
  }
  if (!content.isWellFormed()) throw malformed("it is not Unicode");
  const lines = content.slice(end + 2, -1).split("\n");
  if (lines.length > maxSignatures) throw malformed("it has too many signatures");
  return { text: content.slice(0, end + 1), signatures: lines.map(parseSignature) };
}

function parseSignature(line: string): NoteSignature {
  const [dash, name, encoded, ...rest] = line.split(" ");
  const bytes = encoded === undefined ? null : decodeBase64(encoded);
  if (dash !== "—" || name === undefined || !isKeyName(name) || rest.length > 0) {
    throw malformed("a signature line is not a dash, a name and a signature");
  }
  if (bytes === null || bytes.length < 5) throw malformed(`the signature of ${name} is not base64`);
  return { name, id: bytes.toString("hex", 0, 4), signature: bytes.subarray(4) };
}

/** Puts a note together. */
export function formatNote({ text, signatures }: Note): string {
  const lines = signatures.map(
    ({ name, id, signature }) =>
      `— ${name} ${Buffer.concat([Buffer.from(id, "hex"), signature]).toString("base64")}\n`,
  );
  return `${text}\n${lines.join("")}`;
}

/**
 * Checks a note. Signatures by unknown keys are ignored, as the format asks.
 *
 * @throws LotseError `audit.checkpoint` when it is malformed, no known key signed it, or a known key's
 * signature is wrong
 */
export function openNote(content: string, keys: readonly VerifierKey[]): OpenedNote {
  const note = parseNote(content);
  const signers = new Set<VerifierKey>();
  for (const { name, id, signature } of note.signatures) {
    const key = keys.find((known) => known.name === name && known.id === id);
    if (key === undefined) continue;
    if (!isSignedBy(key, note.text, signature)) throw malformed(`the signature of ${name}+${id} is wrong`);
    signers.add(key);
  }
  if (signers.size === 0) throw malformed(`none of ${keys.map(nameOf).join(", ") || "no keys"} signed it`);
  return { ...note, keys: [...signers] };
}

function isSignedBy(key: VerifierKey, text: string, signature: Buffer): boolean {
  if (key.type === "note") return key.verify(text, signature);
  if (signature.length !== 72) return false;
  return key.verify(cosignedMessage(text, signature.readBigUInt64BE(0)), signature.subarray(8));
}

/**
 * What a cosigner signs: a header, the time and the note's text.
 *
 * @param seconds - since 1970
 * @see https://c2sp.org/tlog-cosignature
 */
export function cosignedMessage(text: string, seconds: bigint): string {
  return `cosignature/v1\ntime ${seconds}\n${text}`;
}

function nameOf(key: VerifierKey): string {
  return `${key.name}+${key.id}`;
}

function malformed(why: string): LotseError {
  return new LotseError({
    code: "audit.checkpoint",
    message: `a signed note cannot be accepted: ${why}`,
    hint: "check that it is whole and that the key is the log's",
  });
}
