import { randomBytes } from "node:crypto";
import { join } from "node:path";
import {
  LotseError,
  systemClock,
  type Actor,
  type AppendOptions,
  type AuditReceipt,
  type AuditSink,
  type Clock,
} from "../../kernel/index.ts";
import type { AuditRecord } from "../entry/compose.ts";
import { emptyRoot } from "../merkle/hash.ts";
import { openCheckpoint, signCheckpoint, type Checkpoint } from "../note/checkpoint.ts";
import { keyFromFile, readKeyFile } from "../note/key-file.ts";
import { parseVerifierKey, type Signer } from "../note/key.ts";
import { FileAuditStore, type FileStoreOptions } from "../store/file/file-store.ts";
import type { AuditStore, AuditTransaction } from "../store/store.ts";
import { refused, type Witness } from "../witness/witness.ts";
import { anchorLog, type AnchorReport } from "./anchor.ts";
import { eraseSubject, type ErasureReport } from "./erasure.ts";
import { exportLog, type ExportOptions } from "./export.ts";
import { proveConsistency, proveEntry, type ConsistencyProof, type InclusionProof } from "./prove.ts";
import { listEntries, showEntry, type EntryFilter, type EntryView } from "./query.ts";
import type { VerifyReport } from "./report.ts";
import { applyRetention, planRetention, type RetentionPlan, type RetentionTerms } from "./retention.ts";
import { verifyLog } from "./verify.ts";
import { WitnessRegister } from "./witness-register.ts";
import { LogWriter, type OpenLog } from "./writer.ts";

/** What an audit log is opened with. */
export interface AuditLogOptions {
  /** Where it is kept; made at the first append. */
  readonly directory: string;
  /** The workspace's name, which becomes a part of the log's origin. */
  readonly name: string;
  /** @defaultValue the machine's clock */
  readonly clock?: Clock;
  /** Who remembers what the log was. Without any, whoever owns the files can rewrite it. @defaultValue none */
  readonly witnesses?: readonly Witness[];
  /** The signing key, made at the first append. @defaultValue `key` in the directory */
  readonly keyFile?: string;
  /** Where entries are kept. @defaultValue a {@link FileAuditStore} in the directory */
  readonly store?: AuditStore;
  /** How the {@link FileAuditStore} works. */
  readonly files?: FileStoreOptions;
  /** How long entries of the durability `process` wait for the disk, for others to join them. @defaultValue 500 */
  readonly groupCommitMs?: number;
}

/** Who does something to the log itself, for the entry that says so. */
export interface Responsible {
  readonly actor: Actor;
  readonly request: string;
}

/** A signed checkpoint, opened. */
export interface SignedCheckpoint extends Checkpoint {
  /** The note as it is passed on. */
  readonly note: string;
}

/** An append-only log of who did what, which shows when it was changed afterwards. */
export interface AuditLog extends AuditSink {
  append(event: AuditRecord, options?: AppendOptions): Promise<AuditReceipt>;
  /**
   * Waits until everything appended so far is on the disk, signed, and known to the witnesses that are told of
   * every append. What follows an append with the durability `process` within a second by itself.
   *
   * @throws LotseError `audit.unavailable`
   */
  flush(): Promise<void>;
  /** Checks everything; see `verifyLog`. `publicKey` is the key that must have signed it. */
  verify(options?: { readonly publicKey?: string }): Promise<VerifyReport>;
  /** @throws LotseError `audit.not-found`, `audit.corrupt` when it cannot be proven */
  prove(index: number): Promise<InclusionProof>;
  /** @throws LotseError `audit.not-found` when the log is smaller than a size */
  proveConsistency(oldSize: number, newSize: number): Promise<ConsistencyProof>;
  /** The latest signed checkpoint; null before the first append. */
  checkpoint(): Promise<SignedCheckpoint | null>;
  /** The public key, as `name+id+base64`; null before the first append. */
  publicKey(): Promise<string | null>;
  /** Entries that match, as they are found. */
  list(filter?: EntryFilter): AsyncIterable<EntryView>;
  /** @throws LotseError `audit.not-found` */
  show(index: number): Promise<EntryView>;
  /** The log as lines of JSON that `verifyExport` checks without it. */
  export(options?: ExportOptions): AsyncIterable<string>;
  /** Tells all witnesses of the latest checkpoint. A witness that fails does not keep the others from it. */
  anchor(): Promise<readonly AnchorReport[]>;
  /** Forgets all personal data about a subject. @throws LotseError `audit.unavailable` */
  erase(subject: string, by: Responsible): Promise<ErasureReport>;
  /** What the terms of retention would drop now. */
  planRetention(terms: RetentionTerms): Promise<RetentionPlan>;
  /** Drops what was planned. @throws LotseError `audit.unavailable` */
  applyRetention(plan: RetentionPlan, by: Responsible): Promise<void>;
  /**
   * Waits for appends under way, flushes, and saves work for whoever opens it next.
   *
   * @throws LotseError `audit.unavailable` when what was appended could not be flushed
   */
  close(): Promise<void>;
}

/** Opens an audit log. Nothing is made or written before the first append. */
export function openAuditLog(options: AuditLogOptions): AuditLog {
  const clock = options.clock ?? systemClock;
  const witnesses = options.witnesses ?? [];
  const store = options.store ?? new FileAuditStore(options.directory, options.files);
  const keys = new LogKeys(
    options.keyFile ?? join(options.directory, "key"),
    originOf(options.name),
    witnesses,
  );
  const open = (transaction: AuditTransaction): Promise<OpenLog> => keys.open(transaction);
  const register = new WitnessRegister(join(options.directory, "witnesses.json"));
  const { groupCommitMs } = options;
  const writer = new LogWriter({ store, clock, witnesses, register, open, groupCommitMs });
  const append = (event: AuditRecord, how?: AppendOptions): Promise<AuditReceipt> =>
    writer.append(event, how?.durability);
  return {
    append,
    flush: () => writer.flush(),
    verify: async ({ publicKey } = {}) => {
      // What keeps the log from being signed is what it is verified for.
      await writer.flush().catch(() => undefined);
      return verifyLog({ store, witnesses, register, publicKey });
    },
    prove: async (index) => {
      await writer.flush();
      return proveEntry(store, index);
    },
    proveConsistency: async (oldSize, newSize) => {
      await writer.flush();
      return proveConsistency(store, oldSize, newSize);
    },
    checkpoint: async () => {
      await writer.flush();
      return latestCheckpoint(store);
    },
    publicKey: async () => (await store.identity())?.publicKey ?? null,
    list: (filter = {}) => listEntries(store, filter),
    show: (index) => showEntry(store, index),
    export: async function* (exportOptions = {}) {
      await writer.flush();
      yield* exportLog(store, exportOptions);
    },
    anchor: async () => {
      await writer.flush();
      return anchorLog(store, witnesses, register);
    },
    erase: (subject, by) => eraseSubject({ store, append }, subject, by),
    planRetention: (terms) => planRetention(store, terms, clock.now()),
    applyRetention: (plan, by) => applyRetention({ store, append }, plan, by),
    close: async () => {
      try {
        await writer.flush();
      } finally {
        await store.close();
        for (const witness of witnesses) await witness.close?.();
      }
    },
  };
}

/** A new origin: what a note can carry of the workspace's name, and what no other log has. */
function originOf(name: string): string {
  const shown = name.replaceAll(/[^A-Za-z0-9._-]+/gu, "-").slice(0, 64);
  return `lotse/${shown === "" ? "workspace" : shown}/${randomBytes(8).toString("hex")}`;
}

async function latestCheckpoint(store: AuditStore): Promise<SignedCheckpoint | null> {
  const [identity, note] = [await store.identity(), await store.checkpoint()];
  if (identity === null || note === null) return null;
  return { ...openCheckpoint(note, [parseVerifierKey(identity.publicKey)]), note };
}

/** The signing key, and the first moment of a log. */
class LogKeys {
  readonly #path: string;
  readonly #origin: string;
  readonly #witnesses: readonly Witness[];
  #signer: Signer | null = null;

  constructor(path: string, origin: string, witnesses: readonly Witness[]) {
    this.#path = path;
    this.#origin = origin;
    this.#witnesses = witnesses;
  }

  async open(transaction: AuditTransaction): Promise<OpenLog> {
    const { identity, checkpoint } = transaction;
    if (identity === null) return this.#create(transaction);
    if (this.#signer?.key.text !== identity.publicKey) this.#signer = await readKeyFile(this.#path);
    if (this.#signer?.key.text !== identity.publicKey) throw this.#noKey();
    if (checkpoint === null) throw noCheckpoint();
    return { identity, signer: this.#signer, checkpoint };
  }

  async #create(transaction: AuditTransaction): Promise<OpenLog> {
    for (const witness of this.#witnesses) {
      // Asking a witness elsewhere would make each first command wait for the network.
      if (!witness.eager || (await witness.latest()) === null) continue;
      throw refused(witness.name, "it remembers a log, and there is none any more");
    }
    const signer = await keyFromFile(this.#path, this.#origin);
    const identity = { origin: signer.key.name, publicKey: signer.key.text };
    const first = { origin: identity.origin, size: 0, root: emptyRoot() };
    const checkpoint = signCheckpoint(first, signer);
    await transaction.create(identity, checkpoint);
    this.#signer = signer;
    return { identity, signer, checkpoint };
  }

  #noKey(): LotseError {
    return new LotseError({
      code: "audit.unavailable",
      message: "the key that signs the audit log is missing or another one",
      hint: `restore ${this.#path} from a backup`,
      where: { file: this.#path },
    });
  }
}

function noCheckpoint(): LotseError {
  return new LotseError({
    code: "audit.corrupt",
    message: "the signed checkpoint of the audit log is missing",
    hint: "lotse audit verify compares the entries with what the witnesses remember",
  });
}
