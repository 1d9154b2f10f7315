import { closeSync, constants, openSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  isSystemError,
  makePrivateDirectory,
  readPrivateFile,
  writePrivateFile,
} from "../../kernel/index.ts";
import { readPart, overwriteSmall, readSmall, readStable, syncPath, writeFully } from "../disk/durable.ts";
import { WriterLock } from "../disk/writer-lock.ts";
import { hashBytes } from "../merkle/hash.ts";
import { checkAdvance, refused, type AcceptedNote, type Witness, type WitnessUpdate } from "./witness.ts";

/** After how many entries a copy is written that is waited for. */
const copyEvery = 1024;

/** Where a {@link fileWitness} remembers. */
export interface FileWitnessOptions {
  /**
   * A directory outside the log's: below the user's state directory, on another disk, or one that another user
   * owns. It remembers one log; give each workspace a directory of its own.
   */
  readonly directory: string;
  /** @defaultValue "file" */
  readonly name?: string;
  /**
   * What the log calls it by: where it remembers all logs, when `directory` is the place of one. A copy of the log
   * then finds the same witness, and no memory. @defaultValue the directory
   */
  readonly memory?: string;
  /** Whether to wait for the disk at every append. @defaultValue false: a power cut may cost the latest */
  readonly sync?: boolean;
}

/**
 * A witness that keeps its memory in files elsewhere. It is told of every append, so not even the last entry
 * can be taken away, and it remembers the hash of every entry, so it knows which one was changed.
 */
export function fileWitness(options: FileWitnessOptions): Witness {
  return new FileWitness(options);
}

class FileWitness implements Witness {
  readonly name: string;
  readonly memory: string;
  readonly eager = true;
  readonly #directory: string;
  readonly #sync: boolean;
  readonly #lock: WriterLock;
  #accepted: AcceptedNote | null = null;

  constructor({ directory, name = "file", memory, sync = false }: FileWitnessOptions) {
    this.name = name;
    this.memory = `file:${memory ?? resolve(directory)}`;
    this.#directory = directory;
    this.#sync = sync;
    this.#lock = new WriterLock(join(directory, "lock"), 10_000);
  }

  async latest(): Promise<string | null> {
    const newest = readStable(this.#path("checkpoint"));
    if (newest !== null && newest !== "") return newest;
    const copy = await readPrivateFile(this.#path("checkpoint.copy"), 65_536);
    if (copy !== null) return copy.toString("utf8");
    // Leaves without a checkpoint: somebody has taken it away.
    if (this.#leafCount() > 0) throw refused(this.name, "its checkpoint has disappeared");
    return null;
  }

  async accept(update: WitnessUpdate): Promise<void> {
    if (statSync(this.#directory, { throwIfNoEntry: false }) === undefined) {
      await checkAdvance(this.name, null, update, this.#accepted);
      await makePrivateDirectory(this.#directory);
    }
    const release = await this.#lock.acquire();
    try {
      const remembered = readSmall(this.#path("checkpoint")) || (await this.latest());
      const oldSize = await checkAdvance(this.name, remembered, update, this.#accepted);
      const { size } = update.checkpoint;
      if (size === oldSize && size > 0) return;
      this.#remember(oldSize, await update.leaves(oldSize, size));
      overwriteSmall(this.#path("checkpoint"), update.note);
      this.#accepted = { note: update.note, key: update.key.text, checkpoint: update.checkpoint };
      if (this.#sync) await this.#waitForDisk();
      if (oldSize === 0 || Math.floor(size / copyEvery) > Math.floor(oldSize / copyEvery)) {
        await writePrivateFile(this.#path("checkpoint.copy"), update.note);
      }
    } finally {
      await release();
    }
  }

  close(): Promise<void> {
    return this.#lock.close();
  }

  async history(): Promise<readonly string[]> {
    const copy = await readPrivateFile(this.#path("checkpoint.copy"), 65_536);
    return copy === null ? [] : [copy.toString("utf8")];
  }

  leaves(from: number, to: number): Promise<readonly Buffer[]> {
    let file: number;
    try {
      file = openSync(this.#path("leaves"), "r");
    } catch (error) {
      if (isSystemError(error, "ENOENT")) return Promise.resolve([]);
      throw error;
    }
    try {
      const bytes = readPart(file, from * hashBytes, (to - from) * hashBytes);
      const count = Math.floor(bytes.length / hashBytes);
      return Promise.resolve(
        Array.from({ length: count }, (_, at) => bytes.subarray(at * hashBytes, (at + 1) * hashBytes)),
      );
    } finally {
      closeSync(file);
    }
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }

  #leafCount(): number {
    try {
      const file = openSync(this.#path("leaves"), "r");
      const some = readPart(file, 0, hashBytes).length;
      closeSync(file);
      return some;
    } catch (error) {
      if (isSystemError(error, "ENOENT")) return 0;
      throw error;
    }
  }

  #remember(from: number, leaves: readonly Buffer[]): void {
    const file = openSync(this.#path("leaves"), constants.O_RDWR | constants.O_CREAT, 0o600);
    try {
      writeFully(file, Buffer.concat(leaves), from * hashBytes);
    } finally {
      closeSync(file);
    }
  }

  async #waitForDisk(): Promise<void> {
    await syncPath(this.#path("leaves"));
    await syncPath(this.#path("checkpoint"));
    await syncPath(this.#directory);
  }
}
