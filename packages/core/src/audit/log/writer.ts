import { randomBytes } from "node:crypto";
import { LotseError, type AuditReceipt, type Clock, type Durability } from "../../kernel/index.ts";
import type { RandomBytes } from "../entry/commitment.ts";
import type { AuditRecord } from "../entry/compose.ts";
import { leafHash } from "../merkle/hash.ts";
import { readRange, type CompactRange } from "../merkle/range.ts";
import { openCheckpoint, signCheckpoint, type Checkpoint } from "../note/checkpoint.ts";
import type { Signer } from "../note/key.ts";
import type { AuditStore, AuditTransaction, LogIdentity } from "../store/store.ts";
import type { Witness } from "../witness/witness.ts";
import { tellWitnesses } from "./anchor.ts";
import { composeBatch, type Waiting } from "./batch.ts";
import { GroupCommit } from "./group-commit.ts";
import { hashReader, readLeaves, rootAt } from "./tree-reader.ts";
import { unavailable } from "./unavailable.ts";
import type { WitnessRegister } from "./witness-register.ts";

/** How many entries are written together at most: what is appended in one go, and is no more, is one batch. */
export const maxBatch = 1000;

/** What a {@link LogWriter} needs. */
export interface WriterParts {
  readonly store: AuditStore;
  readonly clock: Clock;
  readonly witnesses: readonly Witness[];
  readonly register: WitnessRegister;
  /** Opens the log for writing, making it and its key where there is none. */
  readonly open: (transaction: AuditTransaction) => Promise<OpenLog>;
  /** @defaultValue random bytes of the system */
  readonly random?: RandomBytes;
  /** See {@link GroupCommit}. */
  readonly groupCommitMs?: number | undefined;
}

/** A log that can be written to. */
export interface OpenLog {
  readonly identity: LogIdentity;
  readonly signer: Signer;
  /** The latest checkpoint. */
  readonly checkpoint: string;
}

/** A checkpoint that was found to be that of the log, and that no eager witness contradicts. */
interface Trusted {
  readonly note: string;
  readonly size: number;
}

interface Flush {
  readonly resolve: () => void;
  readonly reject: (error: LotseError) => void;
}

/**
 * Writes entries one batch after the other: what is asked for while a batch is on its way to the disk becomes
 * the next batch, so many appends share one wait for the disk.
 *
 * Entries for which the end of the machine need not be waited for are written at once, under the same lock;
 * their wait for the disk, their checkpoint and the witnesses follow together.
 */
export class LogWriter {
  readonly #parts: WriterParts;
  readonly #random: RandomBytes;
  readonly #group: GroupCommit;
  #queue: Waiting[] = [];
  #flushes: Flush[] = [];
  #running: Promise<void> | null = null;
  #trusted: Trusted | null = null;
  /** The tree as we know it, whatever happens to the stored hashes. */
  #range: CompactRange | null = null;

  constructor(parts: WriterParts) {
    this.#parts = parts;
    this.#random = parts.random ?? randomBytes;
    this.#group = new GroupCommit(() => this.flush(), parts.groupCommitMs);
  }

  /** Appends an event; see `AuditSink`. */
  append(event: AuditRecord, durability: Durability = "disk"): Promise<AuditReceipt> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ event, durability, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /**
   * Waits until everything appended so far is on the disk, signed, and known to the eager witnesses.
   *
   * @throws LotseError `audit.unavailable` when that is not possible; asked again, it tries again
   */
  async flush(): Promise<void> {
    await this.#running;
    if (!this.#group.isOpen) return;
    await new Promise<void>((resolve, reject) => {
      this.#flushes.push({ resolve, reject });
      this.#running ??= this.#run();
    });
  }

  async #run(): Promise<void> {
    // Lets whoever calls append several times in one go fill the first batch.
    await Promise.resolve();
    while (this.#queue.length > 0 || this.#flushes.length > 0) {
      const batch = this.#queue.splice(0, maxBatch);
      const flushes = this.#flushes.splice(0);
      const sign = flushes.length > 0 || this.#group.isDue || batch.some((one) => one.durability === "disk");
      try {
        await this.#parts.store.transact((transaction) => this.#write(transaction, batch, sign));
        for (const { resolve } of flushes) resolve();
      } catch (error) {
        this.#group.failed();
        for (const { reject } of [...batch, ...flushes]) reject(unavailable(error));
      }
    }
    this.#running = null;
  }

  /** Composes and stores; signs and tells the witnesses, at once or later. Only then is an append done. */
  async #write(transaction: AuditTransaction, waiting: readonly Waiting[], sign: boolean): Promise<void> {
    if (waiting.length === 0 && transaction.identity === null) throw rewritten("it is gone");
    const log = await this.#parts.open(transaction);
    const range = await this.#growTo(transaction);
    const trusted = await this.#checkContinues(transaction, log, range);
    const batch = composeBatch(waiting, transaction, this.#parts.clock, this.#random);
    const hashes: Buffer[] = [];
    for (const { line } of batch.entries) range.append(leafHash(line), (hash) => hashes.push(hash));
    // Who somebody is must not be missing after a power cut that leaves their entry.
    const plain = batch.actors.length === 0 && batch.personal.length === 0;
    if (!sign && plain && transaction.write !== undefined) {
      if (batch.entries.length === 0) return;
      this.#group.open();
      await transaction.write({ entries: batch.entries, hashes });
    } else {
      if (trusted.size < range.size) {
        const checkpoint = { origin: log.identity.origin, size: range.size, root: range.root() };
        const note = signCheckpoint(checkpoint, log.signer);
        await transaction.commit({ ...batch, hashes, checkpoint: note });
        await this.#tell({ ...log, checkpoint: note }, checkpoint, transaction);
        this.#trusted = { note, size: range.size };
      }
      this.#group.close();
    }
    this.#range = range;
    for (const [{ resolve }, receipt] of batch.receipts) resolve(receipt);
  }

  /**
   * The tree with what others have appended since. Our own part of it is never read again, so nobody can change it
   * before it is signed.
   */
  async #growTo(transaction: AuditTransaction): Promise<CompactRange> {
    const { size } = transaction;
    if (this.#range === null) return readRange(size, hashReader(transaction));
    const range = this.#range.copy();
    if (range.size > size) throw rewritten(`it has ${size} entries of the ${range.size} that were written`);
    for (const leaf of await readLeaves(range.size, size, transaction)) range.append(leaf);
    return range;
  }

  /** Signing a tree that does not contain the last one we signed would hide that it was rewritten. */
  async #checkContinues(transaction: AuditTransaction, log: OpenLog, range: CompactRange): Promise<Trusted> {
    const { checkpoint, signer } = log;
    if (this.#trusted !== null && checkpoint === this.#trusted.note) return this.#trusted;
    const signed = openCheckpoint(checkpoint, [signer.key]);
    if (signed.size > transaction.size) {
      throw rewritten(`it has ${transaction.size} entries of the ${signed.size} that were signed`);
    }
    const root = signed.size === range.size ? range.root() : await rootAt(signed.size, transaction);
    if (!root.equals(signed.root)) throw rewritten(`its first ${signed.size} entries are not those signed`);
    // A witness must never know entries that a power cut can still take back.
    if (signed.size < range.size) await transaction.flush?.();
    // A witness that remembers more than this, or something else, stops us before anything is written.
    const now = { origin: log.identity.origin, size: range.size, root: range.root() };
    await this.#tell({ ...log, checkpoint: signCheckpoint(now, signer) }, now, transaction);
    this.#trusted = { note: checkpoint, size: signed.size };
    return this.#trusted;
  }

  #tell(log: OpenLog, checkpoint: Checkpoint, source: AuditTransaction): Promise<void> {
    const { register, witnesses } = this.#parts;
    const eager = witnesses.filter((witness) => witness.eager);
    return tellWitnesses(eager, { note: log.checkpoint, checkpoint, key: log.signer.key, source, register });
  }
}

function rewritten(why: string): LotseError {
  return new LotseError({
    code: "audit.corrupt",
    message: `the audit log was changed after it was written: ${why}`,
    hint: "lotse audit verify tells where",
  });
}
