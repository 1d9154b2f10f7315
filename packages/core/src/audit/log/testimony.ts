import { isLotseError } from "../../kernel/index.ts";
import { openCheckpoint, readCheckpoint, type Checkpoint } from "../note/checkpoint.ts";
import type { VerifierKey } from "../note/key.ts";
import { nothingRemembered, type Witness } from "../witness/witness.ts";
import type { WitnessReport } from "./report.ts";
import type { WitnessRegister } from "./witness-register.ts";

/** What a witness says, before the log is read. */
export interface Testimony {
  readonly witness: Witness;
  /** What it remembers, the oldest first; empty when it has seen nothing or cannot be asked. */
  readonly checkpoints: readonly Checkpoint[];
  /** What is wrong with its memory, whatever the log says. */
  readonly problem: {
    readonly kind: "rewritten" | "forgotten" | "unreachable";
    readonly reason: string;
  } | null;
}

/**
 * Asks a witness what it remembers.
 *
 * @param key - the log's; null when the log is gone
 */
export async function askWitness(
  witness: Witness,
  key: VerifierKey | null,
  origin: string | null,
  register: WitnessRegister,
): Promise<Testimony> {
  try {
    const latest = await witness.latest();
    if (latest === null) {
      const lost = await register.knows(witness);
      const problem = lost ? ({ kind: "forgotten", reason: nothingRemembered } as const) : null;
      return { witness, checkpoints: [], problem };
    }
    const newest = readCheckpoint(latest);
    const reason = strangerTo(latest, newest, key, origin);
    // Where the key is another one, what is remembered still tells which entry is the first that differs.
    const older = reason === null ? ((await witness.history?.()) ?? []) : [];
    const checkpoints = older.flatMap((note) => openOrNothing(note, key, newest));
    return {
      witness,
      checkpoints: [...checkpoints, newest].sort((a, b) => a.size - b.size),
      problem: reason === null ? null : { kind: "rewritten", reason },
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : "unknown cause";
    const accuses = isLotseError(error) && ["audit.witness", "audit.checkpoint"].includes(error.code);
    return { witness, checkpoints: [], problem: { kind: accuses ? "rewritten" : "unreachable", reason } };
  }
}

function strangerTo(
  note: string,
  { origin }: Checkpoint,
  key: VerifierKey | null,
  expected: string | null,
): string | null {
  if (expected !== null && origin !== expected) return `it remembers the log ${origin}`;
  if (key === null) return null;
  try {
    openCheckpoint(note, [key]);
    return null;
  } catch {
    return "what it remembers is not signed by this log's key";
  }
}

function openOrNothing(note: string, key: VerifierKey | null, newest: Checkpoint): Checkpoint[] {
  try {
    const checkpoint = key === null ? readCheckpoint(note) : openCheckpoint(note, [key]);
    return checkpoint.origin === newest.origin && checkpoint.size < newest.size ? [checkpoint] : [];
  } catch {
    // Older notes only narrow down where; the newest decides.
    return [];
  }
}

/** What a witness says in the end. */
export function reportOf(
  { witness, checkpoints, problem }: Testimony,
  contradiction: string | null,
): WitnessReport {
  const size = checkpoints.at(-1)?.size ?? null;
  const reason = problem?.reason ?? contradiction;
  const agreement = size === null ? "empty" : "agrees";
  const status = problem?.kind === "unreachable" ? "unreachable" : reason === null ? agreement : "disagrees";
  return { name: witness.name, status, size, reason };
}
