import { join } from "node:path";
import { LotseError, writePrivateFile, type Actor } from "../../../kernel/index.ts";
import type { ActorRecord } from "../../entry/entry.ts";
import { storedHashes } from "../../merkle/position.ts";
import type {
  AuditBatch,
  AuditTransaction,
  KnownAbout,
  LogIdentity,
  StoredEntry,
  UnsignedBatch,
} from "../store.ts";
import { appendDurably, overwriteSmall, syncPath } from "../../disk/durable.ts";
import type { PeopleFiles } from "./people-files.ts";
import type { LogEnd } from "./recovery.ts";
import { segmentEntries, segmentName, segmentOf, splitLines, type Segments } from "./segments.ts";
import type { TreeFile } from "./tree-file.ts";

/** What a {@link FileTransaction} works with. */
export interface TransactionParts {
  readonly directory: string;
  readonly sync: boolean;
  readonly segments: Segments;
  readonly tree: TreeFile;
  readonly people: PeopleFiles;
  /** Changed by what is committed. */
  readonly end: LogEnd;
  readonly identity: LogIdentity | null;
  readonly checkpoint: string | null;
  readonly actor: (actor: Actor) => ActorRecord | null;
}

/** What a writer can do in a directory while it holds the lock. */
export class FileTransaction implements AuditTransaction {
  readonly identity: LogIdentity | null;
  readonly size: number;
  readonly lastTime: string | null;
  readonly checkpoint: string | null;
  readonly #parts: TransactionParts;

  constructor(parts: TransactionParts) {
    this.#parts = parts;
    this.identity = parts.identity;
    this.size = parts.end.size;
    this.lastTime = parts.end.lastTime;
    this.checkpoint = parts.checkpoint;
  }

  /** The identity comes last: what a crash leaves behind without it is made again. */
  async create(identity: LogIdentity, checkpoint: string): Promise<void> {
    const { directory } = this.#parts;
    if (this.size > 0) throw notNew(directory);
    await writePrivateFile(join(directory, "checkpoint"), checkpoint);
    const content = JSON.stringify({ format: 1, ...identity }, undefined, 2);
    await writePrivateFile(join(directory, "log.json"), `${content}\n`);
  }

  actor(actor: Actor): ActorRecord | null {
    return this.#parts.actor(actor);
  }

  sequence(commitment: string): number {
    return this.#parts.end.sequences.get(commitment) ?? 0;
  }

  hashes(positions: readonly number[]): Promise<readonly Buffer[]> {
    return Promise.resolve(this.#parts.tree.read(positions));
  }

  /** Personal data, then entries, then what follows from them: a crash in between loses nothing that counts. */
  async commit(batch: AuditBatch): Promise<void> {
    const { directory, people, sync } = this.#parts;
    await people.addActors(batch.actors, sync);
    for (const [segment, records] of bySegment(batch.personal, ({ index }) => index)) {
      await people.addPersonal(segmentName(segment), records, sync);
    }
    if (batch.entries.length === 0) await this.flush();
    else await this.#store(batch, sync);
    overwriteSmall(join(directory, "checkpoint"), batch.checkpoint);
  }

  write(batch: UnsignedBatch): Promise<void> {
    return this.#store(batch, false);
  }

  /** What is not on the disk yet is in the last segment: none begins before the one before it is there. */
  async flush(): Promise<void> {
    const { end, segments, sync } = this.#parts;
    if (sync && end.size > 0) await syncPath(segments.path(segmentOf(end.size - 1)));
  }

  async #store({ entries, hashes }: UnsignedBatch, sync: boolean): Promise<void> {
    const { end, segments, tree } = this.#parts;
    const stored = storedHashes(end.size);
    for (const [segment, part] of bySegment(entries, (_, place) => end.size + place)) {
      await this.#append(segment, part, sync);
    }
    tree.write(stored, hashes);
    if (end.offset === 0) end.file = null;
    else end.file ??= segments.tail(segmentOf(end.size))?.file ?? null;
  }

  async #append(segment: number, entries: readonly StoredEntry[], sync: boolean): Promise<void> {
    const { end, segments } = this.#parts;
    const isNew = end.offset === 0;
    if (isNew) await this.flush();
    const bytes = Buffer.from(entries.map(({ line }) => `${line}\n`).join(""));
    // A power cut must not take the file with the name of one that goes on in the next.
    const wait = sync || (isNew && this.#parts.sync);
    await appendDurably({ path: segments.path(segment), end: end.offset, sync: wait }, bytes);
    for (const { actor, sequence } of entries) end.sequences.set(actor, sequence);
    end.lastTime = entries.at(-1)?.time ?? end.lastTime;
    end.size += entries.length;
    end.offset = end.size % segmentEntries === 0 ? 0 : end.offset + bytes.length;
    if (isNew) end.file = null;
  }

  async drop(lines: ReadonlyMap<number, string>): Promise<void> {
    const { end, people, segments } = this.#parts;
    end.file = null;
    for (const [segment, indexes] of bySegment([...lines.keys()], (index) => index)) {
      const first = segment * segmentEntries;
      const content = splitLines(segments.read(segment, 0)).map((line, at) => lines.get(first + at) ?? line);
      const gone = new Set(indexes);
      await people.keepPersonal(segmentName(segment), ({ index }) => !gone.has(index));
      await writePrivateFile(segments.path(segment), content.map((line) => `${line}\n`).join(""));
    }
  }

  about(subject: string): Promise<KnownAbout> {
    return this.#parts.people.about(subject);
  }

  erase(subject: string): Promise<void> {
    return this.#parts.people.erase(subject);
  }
}

function bySegment<T>(items: readonly T[], indexOf: (item: T, place: number) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  items.forEach((item, place) => {
    const segment = segmentOf(indexOf(item, place));
    const group = groups.get(segment);
    if (group === undefined) groups.set(segment, [item]);
    else group.push(item);
  });
  return groups;
}

function notNew(directory: string): LotseError {
  return new LotseError({
    code: "audit.corrupt",
    message: "there are entries, but the file that says which log they belong to is gone",
    hint: `restore ${join(directory, "log.json")} from a backup`,
  });
}
