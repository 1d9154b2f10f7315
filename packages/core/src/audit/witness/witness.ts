import { LotseError } from "../../kernel/index.ts";
import { checkConsistency } from "../merkle/check.ts";
import { openCheckpoint, type Checkpoint } from "../note/checkpoint.ts";
import type { VerifierKey } from "../note/key.ts";

/** A new checkpoint, and what shows that it continues an old one. */
export interface WitnessUpdate {
  /** The signed checkpoint. */
  readonly note: string;
  readonly checkpoint: Checkpoint;
  /** The log's key. */
  readonly key: VerifierKey;
  /** The consistency proof from an old size. */
  proof(oldSize: number): Promise<readonly Buffer[]>;
  /** The hashes of leaves. */
  leaves(from: number, to: number): Promise<readonly Buffer[]>;
  /** Whether the log was told to this witness before, so that it must remember it. @defaultValue false */
  readonly known?: boolean;
}

/**
 * The port for who remembers what the log was. Each accepts a checkpoint only when it is proven that the log it
 * remembered is the beginning of the new one, so whoever owns the log's files and key can neither shorten nor
 * rewrite it unnoticed.
 */
export interface Witness {
  /** Unique among the witnesses of a log. */
  readonly name: string;
  /** What it remembers with, such as a directory or a remote: with another one it may begin anew. @defaultValue the name */
  readonly memory?: string;
  /** Whether it is told of every append, before the append ends, or only when the log is anchored. */
  readonly eager: boolean;
  /**
   * The signed checkpoint it remembers.
   *
   * @returns null when it has never seen the log
   * @throws LotseError `audit.witness` when its memory is damaged, or what it is reached by says
   */
  latest(): Promise<string | null>;
  /**
   * Remembers a new checkpoint.
   *
   * @throws LotseError `audit.witness` when it does not continue what is remembered
   */
  accept(update: WitnessUpdate): Promise<void>;
  /** Further checkpoints it remembers, the oldest first; they narrow down where a log was rewritten. */
  history?(): Promise<readonly string[]>;
  /** The hashes of leaves it remembers, below the size of `latest`; they tell exactly where. */
  leaves?(from: number, to: number): Promise<readonly Buffer[]>;
  /** Gives back what it holds; it may be used again. */
  close?(): Promise<void>;
}

/** A note that was accepted, so that its signature need not be checked again. */
export interface AcceptedNote {
  readonly note: string;
  /** The key that signed it, as text. */
  readonly key: string;
  readonly checkpoint: Checkpoint;
}

/**
 * Decides whether a checkpoint continues what a witness remembers.
 *
 * @param remembered - the note it remembers; null for its first
 * @param accepted - a note whose signature this very process has checked already: the most that checking costs
 * @returns the size that is remembered; 0 for the first
 * @throws LotseError `audit.witness` when it does not
 */
export async function checkAdvance(
  name: string,
  remembered: string | null,
  update: WitnessUpdate,
  accepted: AcceptedNote | null = null,
): Promise<number> {
  if (remembered === null) {
    if (update.known === true || accepted !== null) throw forgotten(name);
    return 0;
  }
  const isKnown = accepted?.note === remembered && accepted.key === update.key.text;
  const old = isKnown ? accepted.checkpoint : openRemembered(name, remembered, update.key);
  const { origin, size, root } = update.checkpoint;
  if (old.origin !== origin) throw refused(name, `it remembers the log ${old.origin}, not ${origin}`);
  if (old.size > size) throw refused(name, `it remembers ${old.size} entries, the log has ${size}`);
  const claim = { oldSize: old.size, newSize: size, oldRoot: old.root, newRoot: root };
  if (!checkConsistency({ ...claim, proof: await update.proof(old.size) })) {
    throw refused(name, `the first ${old.size} entries are not those it remembers`);
  }
  return old.size;
}

function openRemembered(name: string, note: string, key: VerifierKey): Checkpoint {
  try {
    return openCheckpoint(note, [key]);
  } catch (cause) {
    throw refused(name, "what it remembers is not signed by this log's key", cause);
  }
}

/** What is wrong with a witness that was told of a log and remembers none. */
export const nothingRemembered = "it was told of this log and remembers nothing";

/** A copy must not go on as the same log: the two would part, and one key would have signed both. */
function forgotten(name: string): LotseError {
  return new LotseError({
    code: "audit.witness",
    message: `the witness ${name} does not accept the audit log: ${nothingRemembered}`,
    hint: "bring its memory back; where this workspace is a copy, or the memory is lost: lotse audit restart --reason WHY",
  });
}

/** The error of a witness that knows another history. */
export function refused(name: string, why: string, cause?: unknown): LotseError {
  return new LotseError({
    code: "audit.witness",
    message: `the witness ${name} does not accept the audit log: ${why}`,
    hint: "lotse audit verify tells where; keep the files as evidence. If the log was removed on purpose: lotse audit restart",
    cause,
  });
}
