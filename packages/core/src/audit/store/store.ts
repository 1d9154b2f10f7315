import type { Actor } from "../../kernel/index.ts";
import type { ActorRecord, PersonalRecord } from "../entry/entry.ts";

/** What makes a log this log and no other. */
export interface LogIdentity {
  /** `lotse/<workspace>/<random id>`: the first line of every checkpoint. */
  readonly origin: string;
  /** The public key that its checkpoints are checked with, as `name+id+base64`. */
  readonly publicKey: string;
}

/** One entry on its way into the store. */
export interface StoredEntry {
  readonly line: string;
  readonly actor: string;
  readonly sequence: number;
  readonly time: string;
}

/** What is stored together: all of it, or entries without effect that a reader takes for recorded. */
export interface AuditBatch {
  readonly actors: readonly ActorRecord[];
  readonly personal: readonly PersonalRecord[];
  readonly entries: readonly StoredEntry[];
  /** The hashes that become known, in the order of `positionOf`. */
  readonly hashes: readonly Buffer[];
  /** The signed checkpoint after it. */
  readonly checkpoint: string;
}

/** Entries of known actors, without personal data and without a checkpoint. */
export type UnsignedBatch = Pick<AuditBatch, "entries" | "hashes">;

/** What is known about a subject. */
export interface KnownAbout {
  readonly actors: readonly string[];
  readonly values: number;
}

/** The log as its only writer sees it; good until the transaction ends. */
export interface AuditTransaction {
  /** Null before the log is made. */
  readonly identity: LogIdentity | null;
  readonly size: number;
  /** The time of the last entry. */
  readonly lastTime: string | null;
  /** The latest signed checkpoint; it may know less than `size` after a crash. */
  readonly checkpoint: string | null;
  /** Makes the log, with its first checkpoint. Once only. */
  create(identity: LogIdentity, checkpoint: string): Promise<void>;
  /** The record of an actor that was seen before and not erased. */
  actor(actor: Actor): ActorRecord | null;
  /** The last sequence of a commitment; 0 when it has none. */
  sequence(commitment: string): number;
  hashes(positions: readonly number[]): Promise<readonly Buffer[]>;
  /**
   * Stores a batch, which may have no entries; when the promise resolves, it is on the disk, and so is all that
   * was written before.
   */
  commit(batch: AuditBatch): Promise<void>;
  /**
   * Stores entries that outlive this process, but maybe not a power cut: the last of them are gone then, and
   * nothing before a gap is. A store for which that is not cheaper leaves it out.
   */
  write?(batch: UnsignedBatch): Promise<void>;
  /** Waits until all that was written is on the disk; there where `write` is. */
  flush?(): Promise<void>;
  /** Replaces lines by what is left of them, and forgets the personal data of these entries. */
  drop(lines: ReadonlyMap<number, string>): Promise<void>;
  /** What would be forgotten: the commitments to actors of this id, and how many values are about it. */
  about(subject: string): Promise<KnownAbout>;
  /** Forgets the salts and values of actors of this id, and all values that are about it. */
  erase(subject: string): Promise<void>;
}

/** Lines that follow each other. They are as they are found, so `verify` can judge them. */
export interface AuditPage {
  /** The place of the first line. */
  readonly from: number;
  readonly lines: readonly string[];
  /** The personal data of these entries that is still there; a damaged record is left out. */
  readonly personal: readonly PersonalRecord[];
}

/**
 * The port for where the log is kept. All implementations pass `describeAuditStore`.
 *
 * Readers never wait for writers: what they see is what was there when they asked, or more.
 */
export interface AuditStore {
  /** Where it is, for messages. */
  readonly label: string;
  /**
   * Runs a function as the only writer among all processes.
   *
   * @throws LotseError `audit.busy` when another writer does not end in time, `audit.corrupt` when what is
   * stored cannot be continued
   */
  transact<T>(act: (transaction: AuditTransaction) => Promise<T>): Promise<T>;
  identity(): Promise<LogIdentity | null>;
  /** The latest signed checkpoint. */
  checkpoint(): Promise<string | null>;
  /** Pages from an entry on, in order, or the pages before an entry, last first, with lines in order. */
  pages(from: number, direction?: "forwards" | "backwards"): AsyncIterable<AuditPage>;
  /** One line; null where there is none. */
  line(index: number): Promise<string | null>;
  /** Stored hashes; an empty buffer for those that are missing. */
  hashes(positions: readonly number[]): Promise<readonly Buffer[]>;
  /** All actors that are known and not erased; a damaged record is left out. */
  actors(): Promise<readonly ActorRecord[]>;
  close(): Promise<void>;
}
