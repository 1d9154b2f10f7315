import { isLotseError } from "../../kernel/index.ts";
import { openCheckpoint, type Checkpoint } from "../note/checkpoint.ts";
import { parseVerifierKey, type VerifierKey } from "../note/key.ts";
import type { AuditStore, LogIdentity } from "../store/store.ts";
import type { Witness } from "../witness/witness.ts";
import { LogWalk } from "./log-walk.ts";
import type { Fault, VerifyReport } from "./report.ts";
import { askWitness, reportOf, type Testimony } from "./testimony.ts";
import type { WitnessRegister } from "./witness-register.ts";

/** What is verified, and against what. */
export interface VerifySubject {
  readonly store: AuditStore;
  readonly witnesses: readonly Witness[];
  readonly register: WitnessRegister;
  /** The public key that the log must be signed with. @defaultValue the one that the log says is its own */
  readonly publicKey?: string | undefined;
}

/**
 * Reads the whole log and says whether it is the one that was written: every entry by itself, the tree against
 * the signed checkpoint, and both against what the witnesses remember. It reads as a stream, and what is wrong
 * with the log is its answer, not an error.
 *
 * @throws LotseError `file.not-readable` when the files cannot be read at all
 */
export async function verifyLog(subject: VerifySubject): Promise<VerifyReport> {
  const { store } = subject;
  // First what others say, then the entries: what is appended in between is more, never less.
  const opened = await openIdentity(subject);
  const origin = opened.identity?.origin ?? null;
  const testimonies: Testimony[] = [];
  for (const witness of subject.witnesses) {
    testimonies.push(await askWitness(witness, opened.key, origin, subject.register));
  }
  const own = await ownCheckpoint(store, opened);
  const walk = new LogWalk(store, testimonies, own.checkpoint);
  await walk.run();
  const said = testimonies.map((testimony) => contradictionOf(testimony, walk));
  const fault = firstOf([...walk.faults, opened.fault, own.fault, ...said]);
  const signed = (await ownCheckpoint(store, opened)).checkpoint?.size ?? 0;
  const { size, root, checker } = walk;
  return {
    ok: fault === null,
    size,
    firstBadIndex: fault?.index ?? null,
    reason: fault?.reason ?? null,
    fault: fault?.kind ?? null,
    origin,
    root,
    unsigned: Math.max(0, size - signed),
    openIntents: checker.openIntents,
    erased: checker.erased,
    dropped: checker.dropped,
    clockSteps: checker.clockSteps,
    witnesses: testimonies.map((testimony, at) => reportOf(testimony, said[at]?.reason ?? null)),
  };
}

interface Opened {
  readonly identity: LogIdentity | null;
  readonly key: VerifierKey | null;
  readonly fault: Fault | null;
}

async function openIdentity({ store, publicKey }: VerifySubject): Promise<Opened> {
  try {
    const identity = await store.identity();
    const text = publicKey ?? identity?.publicKey;
    const key = text === undefined ? null : parseVerifierKey(text);
    const isOther = identity !== null && publicKey !== undefined && identity.publicKey !== publicKey;
    const fault = isOther
      ? checkpointFault("the log says that its key is another one than was expected")
      : null;
    return { identity, key, fault };
  } catch (error) {
    if (!isLotseError(error)) throw error;
    return { identity: null, key: null, fault: checkpointFault(error.message) };
  }
}

async function ownCheckpoint(
  store: AuditStore,
  { identity, key }: Opened,
): Promise<{ readonly checkpoint: Checkpoint | null; readonly fault: Fault | null }> {
  const note = await store.checkpoint();
  if (identity === null || key === null) return { checkpoint: null, fault: null };
  if (note === null) return { checkpoint: null, fault: checkpointFault("its signed checkpoint is missing") };
  try {
    const checkpoint = openCheckpoint(note, [key]);
    const isOther = checkpoint.origin !== identity.origin;
    return { checkpoint, fault: isOther ? checkpointFault("its checkpoint is of another log") : null };
  } catch (error) {
    if (!isLotseError(error)) throw error;
    return { checkpoint: null, fault: checkpointFault(error.message) };
  }
}

function checkpointFault(reason: string): Fault {
  return { kind: "checkpoint", index: null, reason };
}

/** What stands between a witness and the log. */
function contradictionOf(testimony: Testimony, walk: LogWalk): Fault | null {
  const found = walk.contradictions.get(testimony) ?? null;
  const { problem, witness } = testimony;
  if (problem === null || found !== null) return found;
  const reason = `the witness ${witness.name}: ${problem.reason}`;
  if (problem.kind !== "rewritten") return { kind: problem.kind, index: null, reason };
  // It vouches for another log, so for no entry of this one.
  return { kind: "rewritten", index: testimony.checkpoints.length > 0 ? 0 : null, reason };
}

/** The one with the lowest index; one that blames no entry only where there is no other. */
function firstOf(faults: readonly (Fault | null)[]): Fault | null {
  return faults
    .filter((fault) => fault !== null)
    .reduce<Fault | null>(
      (first, next) => ((next.index ?? Infinity) < (first?.index ?? Infinity) ? next : (first ?? next)),
      null,
    );
}
