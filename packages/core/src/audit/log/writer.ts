import { randomBytes } from "node:crypto";
import { isLotseError, LotseError, type AuditReceipt, type Clock } from "../../kernel/index.ts";
import { commitActor, type RandomBytes } from "../entry/commitment.ts";
import { composeEntry, type AuditRecord } from "../entry/compose.ts";
import type { ActorRecord, PersonalRecord } from "../entry/entry.ts";
import { leafHash } from "../merkle/hash.ts";
import { readRange, type CompactRange } from "../merkle/range.ts";
import { openCheckpoint, signCheckpoint, type Checkpoint } from "../note/checkpoint.ts";
import type { Signer } from "../note/key.ts";
import type { AuditStore, AuditTransaction, LogIdentity, StoredEntry } from "../store/store.ts";
import type { Witness } from "../witness/witness.ts";
import { hashReader, rootAt } from "./tree-reader.ts";
import { tellWitnesses } from "./anchor.ts";

/** How many entries are written together at most. */
const maxBatch = 512;

/** What a {@link LogWriter} needs. */
export interface WriterParts {
  readonly store: AuditStore;
  readonly clock: Clock;
  readonly witnesses: readonly Witness[];
  /** Opens the log for writing, making it and its key where there is none. */
  readonly open: (transaction: AuditTransaction) => Promise<OpenLog>;
  /** @defaultValue random bytes of the system */
  readonly random?: RandomBytes;
}

/** A log that can be written to. */
export interface OpenLog {
  readonly identity: LogIdentity;
  readonly signer: Signer;
  /** The latest checkpoint. */
  readonly checkpoint: string;
}

interface Waiting {
  readonly event: AuditRecord;
  readonly resolve: (receipt: AuditReceipt) => void;
  readonly reject: (error: LotseError) => void;
}

/**
 * Writes entries one batch after the other: what is asked for while a batch is on its way to the disk becomes
 * the next batch, so many appends share one wait for the disk.
 */
export class LogWriter {
  readonly #parts: WriterParts;
  readonly #random: RandomBytes;
  #queue: Waiting[] = [];
  #running: Promise<void> | null = null;
  #trusted = "";

  constructor(parts: WriterParts) {
    this.#parts = parts;
    this.#random = parts.random ?? randomBytes;
  }

  /** Appends an event; see `AuditSink`. */
  append(event: AuditRecord): Promise<AuditReceipt> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ event, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Waits until everything asked for so far is done. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // Lets whoever calls append several times in one go fill the first batch.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, maxBatch);
      try {
        await this.#parts.store.transact((transaction) => this.#write(transaction, batch));
      } catch (error) {
        for (const { reject } of batch) reject(unavailable(error));
      }
    }
    this.#running = null;
  }

  /** Composes, stores, and tells the witnesses; only then is an append done. */
  async #write(transaction: AuditTransaction, waiting: readonly Waiting[]): Promise<void> {
    const log = await this.#parts.open(transaction);
    const range = await readRange(transaction.size, hashReader(transaction));
    await this.#checkContinues(transaction, log, range);
    const batch = composeBatch(waiting, transaction, this.#parts.clock, this.#random);
    if (batch.entries.length === 0) return;
    const hashes: Buffer[] = [];
    for (const { line } of batch.entries) range.append(leafHash(line), (hash) => hashes.push(hash));
    const checkpoint = { origin: log.identity.origin, size: range.size, root: range.root() };
    const note = signCheckpoint(checkpoint, log.signer);
    await transaction.commit({ ...batch, hashes, checkpoint: note });
    this.#trusted = note;
    await this.#tell({ ...log, checkpoint: note }, checkpoint, transaction);
    for (const [{ resolve }, receipt] of batch.receipts) resolve(receipt);
  }

  /** Signing a tree that does not contain the last one we signed would hide that it was rewritten. */
  async #checkContinues(transaction: AuditTransaction, log: OpenLog, range: CompactRange): Promise<void> {
    const { checkpoint, signer } = log;
    if (checkpoint === this.#trusted) return;
    const signed = openCheckpoint(checkpoint, [signer.key]);
    if (signed.size > transaction.size) {
      throw rewritten(`it has ${transaction.size} entries of the ${signed.size} that were signed`);
    }
    const root = signed.size === range.size ? range.root() : await rootAt(signed.size, transaction);
    if (!root.equals(signed.root)) throw rewritten(`its first ${signed.size} entries are not those signed`);
    // A witness that remembers more than this, or something else, stops us before anything is written.
    const now = { origin: log.identity.origin, size: range.size, root: range.root() };
    await this.#tell({ ...log, checkpoint: signCheckpoint(now, signer) }, now, transaction);
    this.#trusted = checkpoint;
  }

  #tell(log: OpenLog, checkpoint: Checkpoint, source: AuditTransaction): Promise<void> {
    const eager = this.#parts.witnesses.filter((witness) => witness.eager);
    return tellWitnesses(eager, { note: log.checkpoint, checkpoint, key: log.signer.key, source });
  }
}

interface ComposedBatch {
  readonly actors: ActorRecord[];
  readonly personal: PersonalRecord[];
  readonly entries: StoredEntry[];
  readonly receipts: Map<Waiting, AuditReceipt>;
}

function composeBatch(
  waiting: readonly Waiting[],
  transaction: AuditTransaction,
  clock: Clock,
  random: RandomBytes,
): ComposedBatch {
  const batch: ComposedBatch = { actors: [], personal: [], entries: [], receipts: new Map() };
  const sequences = new Map<string, number>();
  let { lastTime } = transaction;
  for (const asked of waiting) {
    const { event } = asked;
    const { kind, id } = event.actor;
    const known =
      transaction.actor(event.actor) ??
      batch.actors.find((record) => record.kind === kind && record.id === id);
    const actor = known ?? commitActor(event.actor, random);
    const { commitment } = actor;
    const sequence = (sequences.get(commitment) ?? transaction.sequence(commitment)) + 1;
    const index = transaction.size + batch.entries.length;
    try {
      const place = { index, sequence, commitment, now: clock.now(), lastTime };
      const { entry, line, personal } = composeEntry(event, place, random);
      lastTime = entry.time;
      batch.entries.push({ line, actor: commitment, sequence, time: entry.time });
      batch.personal.push(...personal);
    } catch (error) {
      // What is wrong with one event does not concern those that happen to be written with it.
      asked.reject(unavailable(error));
      continue;
    }
    if (known === undefined) batch.actors.push(actor);
    sequences.set(commitment, sequence);
    batch.receipts.set(asked, { index, sequence });
  }
  return batch;
}

function rewritten(why: string): LotseError {
  return new LotseError({
    code: "audit.corrupt",
    message: `the audit log was changed after it was written: ${why}`,
    hint: "lotse audit verify tells where",
  });
}

/** Whatever prevents an entry is one error to those who append; the cause says more. */
export function unavailable(cause: unknown): LotseError {
  if (isLotseError(cause) && cause.code === "audit.unavailable") return cause;
  const why = cause instanceof Error ? cause.message : "unknown cause";
  return new LotseError({
    code: "audit.unavailable",
    message: `the audit log cannot be written, so nothing was done: ${why}`,
    hint: isLotseError(cause) ? cause.hint : "check that the disk is not full and that you may write there",
    where: isLotseError(cause) ? cause.where : undefined,
    cause,
    retryable: isLotseError(cause) && cause.retryable,
  });
}
