import { statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { LotseError, makePrivateDirectory, readPrivateFile, type Actor } from "../../../kernel/index.ts";
import type { ActorRecord } from "../../entry/entry.ts";
import type { AuditPage, AuditStore, AuditTransaction, LogIdentity } from "../store.ts";
import { FileTransaction } from "./file-transaction.ts";
import { keyOf, PeopleFiles } from "./people-files.ts";
import { catchUp, endOfSnapshot, type LogEnd } from "./recovery.ts";
import { segmentEntries, segmentName, segmentOf, Segments } from "./segments.ts";
import { readSnapshot, writeSnapshot } from "./snapshot.ts";
import { TreeFile } from "./tree-file.ts";
import { readSmall, readStable, syncPath } from "../../disk/durable.ts";
import { WriterLock } from "../../disk/writer-lock.ts";

const identitySchema = z.strictObject({
  format: z.literal(1),
  origin: z.string().min(1).max(256),
  publicKey: z.string().min(1).max(512),
});

/** How a {@link FileAuditStore} works. */
export interface FileStoreOptions {
  /** How long to wait for another process that writes. @defaultValue 10000 */
  readonly lockTimeoutMs?: number;
  /** Whether to wait until entries are on the disk. Without it a power cut loses them. @defaultValue true */
  readonly sync?: boolean;
  /** How many entries may have to be read again at the next start. @defaultValue 1024 */
  readonly snapshotEvery?: number;
}

/**
 * Keeps the log in a directory: `log.json` says which log it is, `entries/` has the entries, `tree` the hashes,
 * `checkpoint` the latest signed checkpoint, `actors.jsonl` and `personal/` what can be erased, and
 * `snapshot.json` saves reading it all again. Several processes may use it at once.
 */
export class FileAuditStore implements AuditStore {
  readonly label: string;
  readonly #options: Required<FileStoreOptions>;
  readonly #segments: Segments;
  readonly #tree: TreeFile;
  readonly #people: PeopleFiles;
  readonly #lock: WriterLock;
  #identity: LogIdentity | null = null;
  #end: LogEnd | null = null;
  #snapshotSize = 0;

  /** @param directory - made at the first write; nothing else may be kept in it */
  constructor(directory: string, options: FileStoreOptions = {}) {
    this.label = directory;
    this.#options = { lockTimeoutMs: 10_000, sync: true, snapshotEvery: 1024, ...options };
    this.#segments = new Segments(join(directory, "entries"));
    this.#tree = new TreeFile(join(directory, "tree"));
    this.#people = new PeopleFiles(directory);
    this.#lock = new WriterLock(join(directory, "lock"), this.#options.lockTimeoutMs);
  }

  async transact<T>(act: (transaction: AuditTransaction) => Promise<T>): Promise<T> {
    // A log that was there a moment ago and is gone is not made anew.
    if (this.#end === null && !this.#exists("entries")) await makePrivateDirectory(this.#segments.directory);
    const release = await this.#lock.acquire();
    try {
      const end = await this.#refresh();
      const result = await act(await this.#transaction(end));
      if (end.size - this.#snapshotSize >= this.#options.snapshotEvery) await this.#writeSnapshot(end);
      return result;
    } catch (error) {
      // What is known may not be what is there.
      this.#end = null;
      throw error;
    } finally {
      await release();
    }
  }

  async identity(): Promise<LogIdentity | null> {
    if (this.#identity !== null && this.#exists("log.json")) return this.#identity;
    const path = join(this.label, "log.json");
    const content = await readPrivateFile(path, 65_536);
    if (content === null) return null;
    try {
      const { origin, publicKey } = identitySchema.parse(JSON.parse(content.toString("utf8")));
      this.#identity = { origin, publicKey };
      return this.#identity;
    } catch (cause) {
      throw new LotseError({
        code: "audit.corrupt",
        message: "the file that says which log it is cannot be read",
        hint: "restore it from a backup",
        where: { file: path },
        cause,
      });
    }
  }

  async checkpoint(): Promise<string | null> {
    const content = readStable(join(this.label, "checkpoint"));
    if (content !== null && content !== "") return content;
    return (await readSnapshot(join(this.label, "snapshot.json")))?.checkpoint ?? null;
  }

  async *pages(from: number, direction: "forwards" | "backwards" = "forwards"): AsyncIterable<AuditPage> {
    if (direction === "backwards") {
      yield* this.#pagesBefore(from);
      return;
    }
    const last = await this.#segments.last();
    for (let segment = segmentOf(from); segment <= last; segment++) {
      const page = await this.#page(segment, from, Infinity);
      if (page !== null) yield page;
    }
  }

  line(index: number): Promise<string | null> {
    return Promise.resolve(this.#segments.line(segmentOf(index), index % segmentEntries));
  }

  hashes(positions: readonly number[]): Promise<readonly Buffer[]> {
    return Promise.resolve(this.#tree.read(positions));
  }

  actors(): Promise<readonly ActorRecord[]> {
    return this.#people.readableActors();
  }

  async close(): Promise<void> {
    const end = this.#end;
    if (end !== null && end.size > this.#snapshotSize && this.#exists("log.json")) {
      const release = await this.#lock.acquire();
      try {
        await this.#writeSnapshot(await this.#refresh());
      } finally {
        await release();
      }
    }
    this.#end = null;
    await this.#lock.close();
  }

  #exists(name: string): boolean {
    return statSync(join(this.label, name), { throwIfNoEntry: false }) !== undefined;
  }

  async *#pagesBefore(to: number): AsyncIterable<AuditPage> {
    const last = Math.min(await this.#segments.last(), segmentOf(Math.max(0, to - 1)));
    for (let segment = last; segment >= 0; segment--) {
      const page = await this.#page(segment, 0, to);
      if (page !== null) yield page;
    }
  }

  async #page(segment: number, from: number, to: number): Promise<AuditPage | null> {
    const lines = await this.#segments.lines(segment);
    if (lines === null) return null;
    const first = segment * segmentEntries;
    const start = Math.max(0, from - first);
    return {
      from: first + start,
      lines: lines.slice(start, Math.max(0, to - first)),
      personal: await this.#people.personal(segmentName(segment), "skip"),
    };
  }

  /** Brings what is known up to what is there. */
  async #refresh(): Promise<LogEnd> {
    const files = { segments: this.#segments, tree: this.#tree };
    const known = this.#end;
    if (known !== null) {
      await catchUp(known, files, true);
      return known;
    }
    const snapshot = await readSnapshot(join(this.label, "snapshot.json"));
    const end = endOfSnapshot(snapshot, files);
    this.#snapshotSize = end.size;
    await catchUp(end, files, false);
    // Personal data is written before its entry, which a crash may have prevented.
    await this.#people.keepPersonal(segmentName(segmentOf(end.size)), ({ index }) => index < end.size);
    this.#end = end;
    return end;
  }

  async #transaction(end: LogEnd): Promise<AuditTransaction> {
    const actors = await this.#people.actors();
    return new FileTransaction({
      directory: this.label,
      sync: this.#options.sync,
      segments: this.#segments,
      tree: this.#tree,
      people: this.#people,
      end,
      identity: await this.identity(),
      // Whoever has the lock sees no checkpoint that is half written, so reading once is enough.
      checkpoint: readSmall(join(this.label, "checkpoint")) || (await this.checkpoint()),
      actor: (actor: Actor) => actors.get(keyOf(actor)) ?? null,
    });
  }

  async #writeSnapshot(end: LogEnd): Promise<void> {
    const checkpoint = await this.checkpoint();
    // After a power cut it must not say more than the entries do.
    if (end.size > 0) await syncPath(this.#segments.path(segmentOf(end.size - 1)));
    await this.#tree.sync();
    if (this.#exists("checkpoint")) await syncPath(join(this.label, "checkpoint"));
    const { size, lastTime, sequences } = end;
    const snapshot = {
      format: 1,
      size,
      lastTime,
      checkpoint,
      sequences: Object.fromEntries(sequences),
    } as const;
    await writeSnapshot(join(this.label, "snapshot.json"), snapshot);
    this.#snapshotSize = size;
  }
}
