import { z } from "zod";
import { LotseError, readPrivateFile, writePrivateFile } from "../../kernel/index.ts";
import type { Witness } from "../witness/witness.ts";

const registerSchema = z.strictObject({
  format: z.literal(1),
  /** What the witnesses remember with; see `Witness.memory`. */
  told: z.array(z.string().min(1).max(4096)).max(1000),
});

/**
 * Which witnesses were told of a log. One that was and remembers nothing has lost its memory, or was never this
 * log's: a copy of a directory takes the log along and leaves the witness behind.
 *
 * It stands beside the log, so it protects from mistakes and swapped directories, and not from whoever edits it.
 */
export class WitnessRegister {
  readonly #path: string;
  #told: ReadonlySet<string> | null = null;

  /** @param path - the file, in the log's directory */
  constructor(path: string) {
    this.#path = path;
  }

  /** Whether a witness was told of this log. @throws LotseError `audit.corrupt` when the file is damaged */
  async knows(witness: Witness): Promise<boolean> {
    return (this.#told ?? (await this.#read())).has(memoryOf(witness));
  }

  /** A witness has accepted the log. */
  async add(witness: Witness): Promise<void> {
    const told = await this.#read();
    if (told.has(memoryOf(witness))) return;
    this.#told = new Set([...told, memoryOf(witness)]);
    const content = JSON.stringify({ format: 1, told: [...this.#told] }, undefined, 2);
    await writePrivateFile(this.#path, `${content}\n`);
  }

  async #read(): Promise<ReadonlySet<string>> {
    const content = await readPrivateFile(this.#path, 8 * 1024 * 1024);
    try {
      const { told } =
        content === null ? { told: [] } : registerSchema.parse(JSON.parse(content.toString("utf8")));
      return (this.#told = new Set(told));
    } catch (cause) {
      throw new LotseError({
        code: "audit.corrupt",
        message: "the file that says which witnesses know the log cannot be read",
        hint: "restore it from a backup",
        where: { file: this.#path },
        cause,
      });
    }
  }
}

function memoryOf(witness: Witness): string {
  return witness.memory ?? witness.name;
}
