import { z } from "zod";
import { LotseError } from "../../kernel/index.ts";
import { checkConsistency, checkInclusion } from "../merkle/check.ts";
import { leafHash } from "../merkle/hash.ts";
import { consistencyProof, inclusionProof } from "../merkle/proof.ts";
import { decodeBase64 } from "../note/base64.ts";
import { openCheckpoint, type Checkpoint } from "../note/checkpoint.ts";
import { parseVerifierKey } from "../note/key.ts";
import { parseLine } from "../entry/line.ts";
import type { AuditStore } from "../store/store.ts";
import { hashReader, rootAt } from "./tree-reader.ts";

const header = "c2sp.org/tlog-proof@v1";
const base64Hash = z
  .string()
  .length(44)
  .refine((text) => decodeBase64(text)?.length === 32);

/** The JSON form of {@link InclusionProof}. Hashes are base64, as in checkpoints. */
export const inclusionProofSchema = z.strictObject({
  index: z.int().min(0),
  size: z.int().min(1),
  /** The entry as it was hashed; null where retention has dropped it. */
  entry: z.string().max(131_072).nullable(),
  leafHash: base64Hash,
  /** The leaf's sibling first. */
  hashes: z.array(base64Hash).max(64),
  /** The signed checkpoint that the proof leads to. */
  checkpoint: z.string().max(65_536),
});

/** What shows, without the log, that an entry is in it. */
export type InclusionProof = z.infer<typeof inclusionProofSchema>;

/** What shows, without the log, that it only grew. Hashes and roots are base64. */
export interface ConsistencyProof {
  readonly oldSize: number;
  readonly newSize: number;
  readonly oldRoot: string;
  readonly newRoot: string;
  readonly hashes: readonly string[];
}

/**
 * Proves that an entry is in the log.
 *
 * @throws LotseError `audit.not-found` when the signed log has no such entry, `audit.corrupt` when what is
 * stored proves nothing
 */
export async function proveEntry(store: AuditStore, index: number): Promise<InclusionProof> {
  const { note, checkpoint } = await signedBy(store, index);
  const line = await store.line(index);
  if (line === null) throw unprovable(index);
  return proveLine(store, { index, line, note, checkpoint });
}

/** Proves a line that was read already. */
export async function proveLine(
  store: AuditStore,
  found: {
    readonly index: number;
    readonly line: string;
    readonly note: string;
    readonly checkpoint: Checkpoint;
  },
): Promise<InclusionProof> {
  const { index, line, note, checkpoint } = found;
  const parsed = parseLine(line);
  const proof = await inclusionProof(index, checkpoint.size, hashReader(store));
  const leaf = parsed?.leaf ?? leafHash(line);
  const claim = { index, size: checkpoint.size, leaf, root: checkpoint.root, proof };
  // A proof that does not hold would only be found out by whoever it is given to.
  if (!checkInclusion(claim)) throw unprovable(index);
  return {
    index,
    size: checkpoint.size,
    entry: parsed?.kind === "dropped" ? null : line,
    leafHash: leaf.toString("base64"),
    hashes: proof.map((hash) => hash.toString("base64")),
    checkpoint: note,
  };
}

/**
 * Proves that the log of one size is the beginning of the log of another.
 *
 * @throws LotseError `audit.not-found` when the sizes are not in order, or larger than the signed log
 */
export async function proveConsistency(
  store: AuditStore,
  oldSize: number,
  newSize: number,
): Promise<ConsistencyProof> {
  await signedBy(store, Math.max(0, newSize - 1));
  if (!Number.isSafeInteger(oldSize) || oldSize < 0 || oldSize > newSize) throw notFound(oldSize);
  const proof = await consistencyProof(oldSize, newSize, hashReader(store));
  return {
    oldSize,
    newSize,
    oldRoot: (await rootAt(oldSize, store)).toString("base64"),
    newRoot: (await rootAt(newSize, store)).toString("base64"),
    hashes: proof.map((hash) => hash.toString("base64")),
  };
}

/** Whether a consistency proof holds. The roots must be compared with signed checkpoints by the caller. */
export function verifyConsistencyProof(proof: ConsistencyProof): boolean {
  const [oldRoot, newRoot] = [decodeBase64(proof.oldRoot), decodeBase64(proof.newRoot)];
  const hashes = proof.hashes.map(decodeBase64).filter((hash) => hash !== null);
  if (oldRoot === null || newRoot === null || hashes.length !== proof.hashes.length) return false;
  const { oldSize, newSize } = proof;
  return checkConsistency({ oldSize, newSize, oldRoot, newRoot, proof: hashes });
}

/**
 * Checks an inclusion proof without the log.
 *
 * @param proof - the JSON form, or the text of `formatProof`
 * @param publicKey - the log's, as `name+id+base64`, from a source that is trusted
 * @returns the proof and the checkpoint it leads to
 * @throws LotseError `audit.checkpoint` when the checkpoint is not signed by the key, or the proof is
 * malformed; `audit.corrupt` when it does not hold
 */
export function verifyProof(
  proof: unknown,
  publicKey: string,
): { readonly proof: InclusionProof; readonly checkpoint: Checkpoint } {
  const parsed = typeof proof === "string" ? parseProof(proof) : checkShape(proof);
  const checkpoint = openCheckpoint(parsed.checkpoint, [parseVerifierKey(publicKey)]);
  const leaf = decodeBase64(parsed.leafHash) as Buffer;
  const hashes = parsed.hashes.map((hash) => decodeBase64(hash) as Buffer);
  const { index, size, entry } = parsed;
  const isLeaf = entry === null || leafHash(entry).equals(leaf);
  const holds = checkInclusion({ index, size, leaf, root: checkpoint.root, proof: hashes });
  if (size !== checkpoint.size || !isLeaf || !holds) throw unprovable(index);
  return { proof: parsed, checkpoint };
}

/**
 * Writes a proof as text that other tools for transparency logs read; the entry goes along as extra data, or
 * its hash where its content was dropped.
 *
 * @see https://c2sp.org/tlog-proof
 */
export function formatProof(proof: InclusionProof): string {
  const extra = Buffer.from(JSON.stringify({ entry: proof.entry, leafHash: proof.leafHash }));
  const lines = [header, `extra ${extra.toString("base64")}`, `index ${proof.index}`, ...proof.hashes];
  return `${lines.join("\n")}\n\n${proof.checkpoint}`;
}

/**
 * Reads the text of {@link formatProof}. It checks the form only; see {@link verifyProof}.
 *
 * @throws LotseError `audit.checkpoint` when it is malformed
 */
export function parseProof(text: string): InclusionProof {
  const end = text.indexOf("\n\n");
  const [first, extra, index, ...hashes] = text.slice(0, end).split("\n");
  const extraBytes = extra?.startsWith("extra ") === true ? decodeBase64(extra.slice(6)) : null;
  const number = /^index (0|[1-9]\d{0,15})$/u.exec(index ?? "")?.[1];
  const size = text.slice(end + 2).split("\n")[1];
  if (end < 0 || first !== header || extraBytes === null || number === undefined) throw malformed();
  let leaf: unknown;
  try {
    leaf = JSON.parse(extraBytes.toString("utf8"));
  } catch {
    throw malformed();
  }
  const parts = typeof leaf === "object" && leaf !== null ? leaf : {};
  return checkShape({
    ...parts,
    index: Number(number),
    size: Number(size),
    hashes,
    checkpoint: text.slice(end + 2),
  });
}

function checkShape(value: unknown): InclusionProof {
  const parsed = inclusionProofSchema.safeParse(value);
  if (!parsed.success) throw malformed();
  return parsed.data;
}

async function signedBy(
  store: AuditStore,
  index: number,
): Promise<{ readonly note: string; readonly checkpoint: Checkpoint }> {
  const [identity, note] = [await store.identity(), await store.checkpoint()];
  if (identity === null || note === null) throw notFound(index);
  const checkpoint = openCheckpoint(note, [parseVerifierKey(identity.publicKey)]);
  if (!Number.isSafeInteger(index) || index < 0 || index >= checkpoint.size) throw notFound(index);
  return { note, checkpoint };
}

/** The error for an entry that is not there. */
export function notFound(index: number): LotseError {
  return new LotseError({
    code: "audit.not-found",
    message: `the audit log has no entry ${index}`,
    hint: "lotse audit log lists the entries; they count from 0",
  });
}

function unprovable(index: number): LotseError {
  return new LotseError({
    code: "audit.corrupt",
    message: `entry ${index} cannot be proven: what is there does not lead to the signed checkpoint`,
    hint: "lotse audit verify tells what was changed",
  });
}

function malformed(): LotseError {
  return new LotseError({
    code: "audit.checkpoint",
    message: "the proof is not well formed",
    hint: "pass on what lotse audit prove has printed, unchanged",
  });
}
