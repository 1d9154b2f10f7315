import { consistencyProof } from "../merkle/proof.ts";
import { isLotseError, LotseError } from "../../kernel/index.ts";
import { openCheckpoint, type Checkpoint } from "../note/checkpoint.ts";
import { parseVerifierKey, type VerifierKey } from "../note/key.ts";
import type { AuditStore } from "../store/store.ts";
import type { Witness } from "../witness/witness.ts";
import { hashReader, readLeaves, type HashSource } from "./tree-reader.ts";
import type { WitnessRegister } from "./witness-register.ts";

/** What witnesses are told of. */
export interface Anchor {
  readonly note: string;
  readonly checkpoint: Checkpoint;
  readonly key: VerifierKey;
  readonly source: HashSource;
  readonly register: WitnessRegister;
}

/**
 * Tells witnesses of a checkpoint, one after the other.
 *
 * @throws LotseError `audit.witness` from the first that does not accept it
 */
export async function tellWitnesses(witnesses: readonly Witness[], anchor: Anchor): Promise<void> {
  const { note, checkpoint, key, source, register } = anchor;
  for (const witness of witnesses) {
    const known = await register.knows(witness);
    await witness.accept({
      note,
      checkpoint,
      key,
      known,
      proof: (oldSize) => consistencyProof(oldSize, checkpoint.size, hashReader(source)),
      leaves: (from, to) => readLeaves(from, to, source),
    });
    if (!known) await register.add(witness);
  }
}

/** How telling a witness went. */
export interface AnchorReport {
  readonly witness: string;
  readonly ok: boolean;
  /** How many entries it remembers now; null when it could not be told. */
  readonly size: number | null;
  /** Why it could not be told, or did not accept it. */
  readonly error: LotseError | null;
}

/**
 * Tells all witnesses of the latest checkpoint.
 *
 * @returns nothing for a log that is not made yet
 * @throws LotseError `audit.checkpoint` when the log's own checkpoint is not signed by its key
 */
export async function anchorLog(
  store: AuditStore,
  witnesses: readonly Witness[],
  register: WitnessRegister,
): Promise<readonly AnchorReport[]> {
  const [identity, note] = [await store.identity(), await store.checkpoint()];
  if (identity === null || note === null) return [];
  const key = parseVerifierKey(identity.publicKey);
  const checkpoint = openCheckpoint(note, [key]);
  const reports: AnchorReport[] = [];
  for (const witness of witnesses) {
    try {
      await tellWitnesses([witness], { note, checkpoint, key, source: store, register });
      reports.push({ witness: witness.name, ok: true, size: checkpoint.size, error: null });
    } catch (error) {
      reports.push({ witness: witness.name, ok: false, size: null, error: asLotseError(error) });
    }
  }
  return reports;
}

function asLotseError(error: unknown): LotseError {
  if (isLotseError(error)) return error;
  const why = error instanceof Error ? error.message : "unknown cause";
  return new LotseError({ code: "audit.unavailable", message: `a witness failed: ${why}`, cause: error });
}
