import { LotseError } from "../../kernel/index.ts";
import { hashBytes } from "../merkle/hash.ts";
import { decodeBase64 } from "./base64.ts";
import type { Signer, VerifierKey } from "./key.ts";
import { cosignedMessage, formatNote, openNote, parseNote } from "./note.ts";

/** What a log was at one moment. */
export interface Checkpoint {
  /** Which log it is. */
  readonly origin: string;
  /** The number of entries. */
  readonly size: number;
  /** The root of the Merkle tree over them. */
  readonly root: Buffer;
}

/** Writes the text that is signed. */
function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${root.toString("base64")}\n`;
}

/**
 * Reads the text of a checkpoint; lines after the third are extensions and say nothing to us.
 *
 * @throws LotseError `audit.checkpoint` when it is malformed
 * @see https://c2sp.org/tlog-checkpoint
 */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin, size, encoded, ...rest] = text.split("\n");
  const root = encoded === undefined ? null : decodeBase64(encoded);
  const extensionsEnd = rest.pop();
  const isSize =
    size !== undefined && /^(0|[1-9]\d{0,15})$/u.test(size) && Number.isSafeInteger(Number(size));
  if (origin === undefined || origin === "" || !isSize || root?.length !== hashBytes) throw malformed();
  if (extensionsEnd !== "" || rest.includes("")) throw malformed();
  return { origin, size: Number(size), root };
}

/** Signs a checkpoint with the log's key. */
export function signCheckpoint(checkpoint: Checkpoint, signer: Signer): string {
  const text = formatCheckpoint(checkpoint);
  const { name, id } = signer.key;
  return formatNote({ text, signatures: [{ name, id, signature: signer.sign(text) }] });
}

/**
 * Adds a cosigner's signature to a signed checkpoint, in place of one that it gave before.
 *
 * @param time - when it is given; the format knows whole seconds
 * @see https://c2sp.org/tlog-cosignature
 */
export function cosignCheckpoint(note: string, signer: Signer, time: Date): string {
  const { text, signatures } = parseNote(note);
  const { name, id } = signer.key;
  const seconds = BigInt(Math.floor(time.getTime() / 1000));
  const stamp = Buffer.alloc(8);
  stamp.writeBigUInt64BE(seconds);
  const signature = Buffer.concat([stamp, signer.sign(cosignedMessage(text, seconds))]);
  const others = signatures.filter((other) => other.name !== name || other.id !== id);
  return formatNote({ text, signatures: [...others, { name, id, signature }] });
}

/**
 * Checks a signed checkpoint.
 *
 * @param keys - all of them must have signed it
 * @throws LotseError `audit.checkpoint` when it is malformed or a signature is missing or wrong
 */
export function openCheckpoint(note: string, keys: readonly VerifierKey[]): Checkpoint {
  const opened = openNote(note, keys);
  const missing = keys.find((key) => !opened.keys.includes(key));
  if (missing !== undefined) throw malformed(`${missing.name} has not signed it`);
  return parseCheckpoint(opened.text);
}

/**
 * Reads a checkpoint without asking who signed it.
 *
 * @throws LotseError `audit.checkpoint` when it is malformed
 */
export function readCheckpoint(note: string): Checkpoint {
  return parseCheckpoint(parseNote(note).text);
}

function malformed(why = "it is not an origin, a size and a root"): LotseError {
  return new LotseError({
    code: "audit.checkpoint",
    message: `a checkpoint cannot be accepted: ${why}`,
    hint: "lotse audit verify compares the log with what its witnesses remember",
  });
}
