/** What can be wrong with a log. */
export type FaultKind =
  /** An entry was changed. */
  | "edited"
  /** An entry is not in its place: one was removed, put in, or two were swapped. */
  | "misplaced"
  /** An actor's count has a gap. */
  | "sequence"
  /** Time went back without a word. */
  | "time"
  /** What a commitment stands for was changed, or removed without a record of its erasure. */
  | "personal"
  /** Content was dropped without a record of it. */
  | "dropped"
  /** Entries at the end are missing. */
  | "truncated"
  /** The history is another one than that which was signed or witnessed. */
  | "rewritten"
  /** The checkpoint is missing, damaged, or signed by another key. */
  | "checkpoint"
  /** The stored hashes do not fit the entries; the entries are right. */
  | "hashes"
  /** A witness that was told of the log remembers nothing: the log is a copy, or the memory is lost. */
  | "forgotten"
  /** A witness could not be asked. */
  | "unreachable";

/** What a witness says to the log. */
export interface WitnessReport {
  readonly name: string;
  readonly status: "agrees" | "disagrees" | "empty" | "unreachable";
  /** How many entries it remembers. */
  readonly size: number | null;
  readonly reason: string | null;
}

/** What `verify` found. */
export interface VerifyReport {
  readonly ok: boolean;
  /** The number of entries that are there. */
  readonly size: number;
  /** The first entry that is no longer proven; null when all are, or when no entry is to blame. */
  readonly firstBadIndex: number | null;
  /** In words; null when all is well. */
  readonly reason: string | null;
  readonly fault: FaultKind | null;
  /** The origin line of the log; null when there is none. */
  readonly origin: string | null;
  /** The root over the entries that are there, as 64 hexadecimal digits; null when they could not be read. */
  readonly root: string | null;
  /** How many of the last entries no checkpoint signs yet: those of the last second, or before a crash. */
  readonly unsigned: number;
  /** Changes that were announced and never reported as done or failed. */
  readonly openIntents: number;
  /** Commitments whose personal data was erased. */
  readonly erased: number;
  /** Entries whose content retention has dropped. */
  readonly dropped: number;
  /** Entries before which the clock went back, as they say themselves. */
  readonly clockSteps: number;
  readonly witnesses: readonly WitnessReport[];
}

/** Something wrong, and where. */
export interface Fault {
  readonly kind: FaultKind;
  readonly index: number | null;
  readonly reason: string;
}
