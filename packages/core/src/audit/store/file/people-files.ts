import { statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { z } from "zod";
import {
  isSystemError,
  LotseError,
  makePrivateDirectory,
  readPrivateFile,
  removeTree,
  writePrivateFile,
  type Actor,
} from "../../../kernel/index.ts";
import {
  actorRecordSchema,
  personalRecordSchema,
  type ActorRecord,
  type PersonalRecord,
} from "../../entry/entry.ts";
import type { KnownAbout } from "../store.ts";
import { appendDurably, cutTornLine } from "../../disk/durable.ts";

const maxBytes = 1024 * 1024 * 1024;

/**
 * The files that say what commitments stand for: `actors.jsonl`, and `personal/<segment>.jsonl` beside the
 * segment of entries that the values belong to. They are the part of the log that can be erased.
 */
export class PeopleFiles {
  readonly #directory: string;
  #stamp = "";
  #actors: ReadonlyMap<string, ActorRecord> = new Map();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** All actors that are not erased, by kind and id; read again when another process has changed them. */
  async actors(): Promise<ReadonlyMap<string, ActorRecord>> {
    const found = statSync(this.#actorsPath, { bigint: true, throwIfNoEntry: false });
    const stamp = found === undefined ? "none" : `${found.ino}:${found.size}:${found.mtimeNs}`;
    if (stamp !== this.#stamp) {
      const records = await readRecords(this.#actorsPath, actorRecordSchema);
      this.#actors = new Map(records.map((record) => [keyOf(record), record]));
      this.#stamp = stamp;
    }
    return this.#actors;
  }

  /** The actors that can be read, as those who check the log must go on where a record is damaged. */
  readableActors(): Promise<ActorRecord[]> {
    return readRecords(this.#actorsPath, actorRecordSchema, "skip");
  }

  addActors(records: readonly ActorRecord[], sync: boolean): Promise<void> {
    return appendRecords(this.#actorsPath, records, sync);
  }

  /** The personal data of a segment's entries. */
  personal(segment: string, damaged: Damaged = "refuse"): Promise<PersonalRecord[]> {
    return readRecords(this.#personalPath(segment), personalRecordSchema, damaged);
  }

  async addPersonal(segment: string, records: readonly PersonalRecord[], sync: boolean): Promise<void> {
    if (records.length === 0) return;
    await makePrivateDirectory(join(this.#directory, "personal"));
    await appendRecords(this.#personalPath(segment), records, sync);
  }

  /** Keeps only some of a segment's personal data. */
  async keepPersonal(segment: string, keep: (record: PersonalRecord) => boolean): Promise<void> {
    const records = await this.personal(segment);
    const kept = records.filter(keep);
    if (kept.length === records.length) return;
    if (kept.length === 0) await removeTree(this.#personalPath(segment));
    else await writePrivateFile(this.#personalPath(segment), linesOf(kept));
  }

  async about(subject: string): Promise<KnownAbout> {
    const actors = [...(await this.actors()).values()].filter(({ id }) => id === subject);
    let values = 0;
    for (const segment of await this.#segments()) {
      values += (await this.personal(segment)).filter((record) => record.subject === subject).length;
    }
    return { actors: actors.map(({ commitment }) => commitment), values };
  }

  async erase(subject: string): Promise<void> {
    const kept = [...(await this.actors()).values()].filter(({ id }) => id !== subject);
    await writePrivateFile(this.#actorsPath, linesOf(kept));
    for (const segment of await this.#segments()) {
      await this.keepPersonal(segment, (record) => record.subject !== subject);
    }
  }

  async #segments(): Promise<string[]> {
    try {
      const names = await readdir(join(this.#directory, "personal"));
      return names.filter((name) => name.endsWith(".jsonl")).map((name) => name.slice(0, -".jsonl".length));
    } catch (error) {
      if (isSystemError(error, "ENOENT")) return [];
      throw error;
    }
  }

  get #actorsPath(): string {
    return join(this.#directory, "actors.jsonl");
  }

  #personalPath(segment: string): string {
    return join(this.#directory, "personal", `${segment}.jsonl`);
  }
}

/** What actors are found by. */
export function keyOf({ kind, id }: Actor): string {
  return `${kind}:${id}`;
}

function linesOf(records: readonly object[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join("");
}

async function appendRecords(path: string, records: readonly object[], sync: boolean): Promise<void> {
  if (records.length === 0) return;
  const exists = statSync(path, { throwIfNoEntry: false }) !== undefined;
  const end = exists ? await cutTornLine(path) : 0;
  await appendDurably({ path, end, sync }, Buffer.from(linesOf(records)));
}

/** What to do about a record that cannot be understood. */
type Damaged = "refuse" | "skip";

/** Reads complete lines; a torn one at the end was never counted on. */
async function readRecords<T>(path: string, schema: z.ZodType<T>, damaged: Damaged = "refuse"): Promise<T[]> {
  const content = await readPrivateFile(path, maxBytes);
  if (content === null) return [];
  const lines = content.toString("utf8").split("\n").slice(0, -1);
  return lines.flatMap((line, index) => {
    try {
      return [schema.parse(JSON.parse(line))];
    } catch (cause) {
      if (damaged === "skip") return [];
      throw new LotseError({
        code: "audit.corrupt",
        message: "a record of personal data is damaged",
        hint: "restore the file from a backup; lotse audit verify tells whose it is",
        where: { file: path, line: index + 1 },
        cause,
      });
    }
  });
}
