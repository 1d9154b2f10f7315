import type { Actor } from "../../kernel/index.ts";
import type { ActorRecord, PersonalRecord } from "../entry/entry.ts";
import type {
  AuditBatch,
  AuditPage,
  AuditStore,
  AuditTransaction,
  KnownAbout,
  LogIdentity,
  StoredEntry,
  UnsignedBatch,
} from "./store.ts";

/**
 * Keeps the log in memory: a double for tests that need no disk. What is in it is gone with the process, so it
 * is no place for a log that must last.
 */
export class MemoryAuditStore implements AuditStore {
  readonly label = "memory";
  readonly lines: string[] = [];
  readonly tree: Buffer[] = [];
  #identity: LogIdentity | null = null;
  #checkpoint: string | null = null;
  #actors: ActorRecord[] = [];
  #personal: PersonalRecord[] = [];
  #last: StoredEntry | null = null;
  readonly #sequences = new Map<string, number>();
  #writer: Promise<unknown> = Promise.resolve();

  transact<T>(act: (transaction: AuditTransaction) => Promise<T>): Promise<T> {
    const done = this.#writer.then(() => act(this.#transaction()));
    this.#writer = done.catch(() => undefined);
    return done;
  }

  identity(): Promise<LogIdentity | null> {
    return Promise.resolve(this.#identity);
  }

  checkpoint(): Promise<string | null> {
    return Promise.resolve(this.#checkpoint);
  }

  async *pages(from: number, direction: "forwards" | "backwards" = "forwards"): AsyncIterable<AuditPage> {
    const [start, end] = direction === "forwards" ? [from, this.lines.length] : [0, from];
    const lines = this.lines.slice(start, end);
    if (lines.length > 0) yield await Promise.resolve({ from: start, lines, personal: this.#personal });
  }

  line(index: number): Promise<string | null> {
    return Promise.resolve(this.lines[index] ?? null);
  }

  hashes(positions: readonly number[]): Promise<readonly Buffer[]> {
    return Promise.resolve(positions.map((position) => this.tree[position] ?? Buffer.alloc(0)));
  }

  actors(): Promise<readonly ActorRecord[]> {
    return Promise.resolve(this.#actors);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #transaction(): AuditTransaction {
    return {
      identity: this.#identity,
      size: this.lines.length,
      lastTime: this.#last?.time ?? null,
      checkpoint: this.#checkpoint,
      create: async (identity, checkpoint) => {
        this.#identity = identity;
        this.#checkpoint = await Promise.resolve(checkpoint);
      },
      actor: ({ kind, id }: Actor) =>
        this.#actors.find((record) => record.kind === kind && record.id === id) ?? null,
      sequence: (commitment) => this.#sequences.get(commitment) ?? 0,
      hashes: (positions) => this.hashes(positions),
      commit: (batch) => Promise.resolve(this.#commit(batch)),
      write: (batch) => Promise.resolve(this.#write(batch)),
      flush: () => Promise.resolve(),
      drop: (lines) => Promise.resolve(this.#drop(lines)),
      about: (subject) => Promise.resolve(this.#about(subject)),
      erase: (subject) => Promise.resolve(this.#erase(subject)),
    };
  }

  #commit(batch: AuditBatch): void {
    this.#actors.push(...batch.actors);
    this.#personal.push(...batch.personal);
    this.#write(batch);
    this.#checkpoint = batch.checkpoint;
  }

  #write({ entries, hashes }: UnsignedBatch): void {
    for (const entry of entries) {
      this.lines.push(entry.line);
      this.#sequences.set(entry.actor, entry.sequence);
      this.#last = entry;
    }
    this.tree.push(...hashes);
  }

  #drop(lines: ReadonlyMap<number, string>): void {
    for (const [index, line] of lines) this.lines[index] = line;
    this.#personal = this.#personal.filter(({ index }) => !lines.has(index));
  }

  #about(subject: string): KnownAbout {
    const actors = this.#actors.filter(({ id }) => id === subject);
    return {
      actors: actors.map(({ commitment }) => commitment),
      values: this.#personal.filter((record) => record.subject === subject).length,
    };
  }

  #erase(subject: string): void {
    this.#actors = this.#actors.filter(({ id }) => id !== subject);
    this.#personal = this.#personal.filter((record) => record.subject !== subject);
  }
}
