import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import {
  isHeld,
  lockedBy,
  LotseError,
  readPrivateFile,
  removeTree,
  replaceFile,
  syncDirectory,
  tryLock,
  writePrivateFile,
  type Clock,
  type HeldLock,
} from "../../kernel/index.ts";
import { checkPlace } from "./journal-place.ts";
import { sweepTemporaries } from "./temporaries.ts";

/** A file that is to have a new content, or none. */
export interface Replacement {
  /** Absolute. */
  readonly path: string;
  /** Null removes the file. */
  readonly content: Uint8Array | null;
}

const digestOfBytes = (content: Uint8Array | null): string =>
  content === null ? "none" : createHash("sha256").update(content).digest("hex");

const recordSchema = z.strictObject({
  schema: z.literal(1),
  files: z
    .array(
      z.strictObject({
        path: z.string().min(1).max(4096),
        /** The digest of the content that is replaced, or `none`. */
        before: z.string().max(64),
        /** The new content in base64; ciphertext and manifests only. */
        content: z.string().nullable(),
      }),
    )
    .max(10_000),
});

type RecordedFile = z.infer<typeof recordSchema>["files"][number];

const filesAtOnce = 32;
const maxFileBytes = 64 * 1024 * 1024;
const maxRecordBytes = 1024 * 1024 * 1024;
const lockTimeoutMs = 10_000;

/**
 * Changes several files as one: what is to be done is on the disk before the first file changes, and whoever
 * comes next after a crash finishes it. Each single file is the old one or the new one at any moment.
 *
 * @see https://www.sqlite.org/atomiccommit.html for the idea of a journal
 */
export class Journal {
  readonly #directory: string;
  readonly #root: string;
  readonly #clock: Clock;
  readonly #check: () => Promise<void>;
  readonly #swept = new Set<string>();

  /**
   * @param directory - absolute, for the journal's own files; made when needed
   * @param root - absolute; nothing outside it is ever written
   * @param check - refuses a directory that is not this working copy's own
   */
  constructor(
    directory: string,
    root: string,
    clock: Clock,
    check: () => Promise<void> = () => Promise.resolve(),
  ) {
    this.#directory = directory;
    this.#root = root;
    this.#clock = clock;
    this.#check = check;
  }

  /**
   * Calls `change` while nobody else changes secret files of this workspace, after finishing what a dead
   * process began.
   *
   * @throws LotseError `secret.changed-meanwhile` when somebody else holds the lock for too long
   */
  async exclusively<T>(holder: string, change: () => Promise<T>): Promise<T> {
    await this.#check();
    const lock = await this.#lock(holder);
    try {
      await this.#finish();
      return await change();
    } finally {
      await lock.release();
    }
  }

  /** Whether a process began something that it has not finished. */
  async isOpen(): Promise<boolean> {
    return (await readPrivateFile(this.#record, maxRecordBytes)) !== null;
  }

  /**
   * Replaces files as one. To be called inside {@link Journal.exclusively}.
   *
   * @throws LotseError `file.outside` for a file that is not in the workspace
   */
  async replace(replacements: readonly Replacement[]): Promise<void> {
    await Promise.all(replacements.map(({ path }) => checkPlace(this.#root, path)));
    await this.#sweep([this.#directory, ...replacements.map(({ path }) => dirname(path))]);
    const files = await Promise.all(
      replacements.map(async ({ path, content }) => ({
        path,
        before: digestOfBytes(await readPrivateFile(path, maxFileBytes)),
        content: content === null ? null : Buffer.from(content).toString("base64"),
      })),
    );
    await writePrivateFile(this.#record, JSON.stringify({ schema: 1, files }));
    await this.#apply(files);
  }

  /** Once for each directory: a process that dies leaves its temporary file, and nobody else will remove it. */
  async #sweep(directories: readonly string[]): Promise<void> {
    const fresh = new Set(directories.filter((directory) => !this.#swept.has(directory)));
    await Promise.all([...fresh].map((directory) => sweepTemporaries(directory)));
    for (const directory of fresh) this.#swept.add(directory);
  }

  get #record(): string {
    return join(this.#directory, "journal.json");
  }

  async #lock(holder: string): Promise<HeldLock> {
    const path = join(this.#directory, "secrets.lock");
    const end = this.#clock.elapsedMs() + lockTimeoutMs;
    for (;;) {
      const result = await tryLock({ path, holder, clock: this.#clock });
      if (isHeld(result)) return result;
      if (this.#clock.elapsedMs() >= end) {
        const { message, hint } = lockedBy(result, path, "the workspace's secrets");
        throw new LotseError({ code: "secret.changed-meanwhile", message, hint, retryable: true });
      }
      await this.#clock.sleep(20);
    }
  }

  async #finish(): Promise<void> {
    const content = await readPrivateFile(this.#record, maxRecordBytes);
    if (content === null) return;
    const { files } = this.#read(content);
    for (const { path } of files) await checkPlace(this.#root, path);
    await this.#apply(files);
  }

  /**
   * Puts every file in place, several at once, as most of it is waiting for the disk. The record has all of them
   * until their names are on the disk as well, once for each directory.
   */
  async #apply(files: readonly RecordedFile[]): Promise<void> {
    for (let at = 0; at < files.length; at += filesAtOnce) {
      await Promise.all(files.slice(at, at + filesAtOnce).map(applyOne));
    }
    const directories = new Set(files.map(({ path }) => dirname(path)));
    await Promise.all([...directories].filter((path) => existsSync(path)).map(syncDirectory));
    await rm(this.#record, { force: true });
  }

  #read(content: Buffer): z.infer<typeof recordSchema> {
    try {
      return recordSchema.parse(JSON.parse(content.toString("utf8")));
    } catch (cause) {
      throw new LotseError({
        code: "file.not-readable",
        message: `${this.#record} says what is left to do after a crash, and cannot be understood`,
        hint: "look at `git status` and `lotse secrets verify`, then remove it",
        where: { file: this.#record },
        cause,
      });
    }
  }
}

async function applyOne({ path, before, content }: RecordedFile): Promise<void> {
  const wanted = content === null ? null : Buffer.from(content, "base64");
  const present = await readPrivateFile(path, maxFileBytes);
  // What somebody changed after the crash is theirs; the manifest then tells what does not fit.
  if (digestOfBytes(present) !== before) return;
  if (wanted === null) await removeTree(path);
  else if (present === null) await writePrivateFile(path, wanted, { mode: 0o644, syncName: false });
  else await replaceFile(path, wanted, { syncName: false });
}
