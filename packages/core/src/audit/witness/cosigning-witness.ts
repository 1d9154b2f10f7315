import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { LotseError, makePrivateDirectory, readPrivateFile, type Clock } from "../../kernel/index.ts";
import { appendDurably, cutTornLine } from "../disk/durable.ts";
import { cosignCheckpoint } from "../note/checkpoint.ts";
import { keyFromFile, readKeyFile } from "../note/key-file.ts";
import { parseVerifierKey, type VerifierKey } from "../note/key.ts";
import { openNote } from "../note/note.ts";
import { checkAdvance, refused, type Witness, type WitnessUpdate } from "./witness.ts";

const recordSchema = z.strictObject({ note: z.string().max(65_536) });

/** What a {@link cosigningWitness} signs with, and where it remembers. */
export interface CosigningWitnessOptions {
  /** @defaultValue "cosigner" */
  readonly name?: string;
  /** The second key; made at the first use. Keep it where the owner of the log's files cannot read it. */
  readonly keyFile: string;
  /** What a new key signs under, such as `example.com/audit`. No spaces, no plus signs. */
  readonly keyName: string;
  /** Where the cosigned checkpoints are kept, one line of JSON each. */
  readonly file: string;
  readonly clock: Clock;
  /** The second key's public half, to verify without the key itself. @defaultValue read from `keyFile` */
  readonly publicKey?: string;
}

/**
 * A witness with a key of its own: it adds its signature to checkpoints that continue the last one it signed.
 * Who has only the log's key cannot make another history look cosigned.
 *
 * @see https://c2sp.org/tlog-cosignature
 */
export function cosigningWitness(options: CosigningWitnessOptions): Witness {
  return new CosigningWitness(options);
}

class CosigningWitness implements Witness {
  readonly name: string;
  readonly memory: string;
  readonly eager = false;
  readonly #options: CosigningWitnessOptions;

  constructor(options: CosigningWitnessOptions) {
    this.name = options.name ?? "cosigner";
    this.memory = `cosigner:${resolve(options.keyFile)}`;
    this.#options = options;
  }

  async latest(): Promise<string | null> {
    return (await this.history()).at(-1) ?? null;
  }

  async accept(update: WitnessUpdate): Promise<void> {
    const { clock, file, keyFile, keyName } = this.#options;
    const remembered = await this.latest();
    const oldSize = await checkAdvance(this.name, remembered, update);
    if (remembered !== null && oldSize === update.checkpoint.size) return;
    const signer = await keyFromFile(keyFile, keyName, "cosignature");
    const note = cosignCheckpoint(update.note, signer, clock.now());
    await makePrivateDirectory(dirname(file));
    const end = statSync(file, { throwIfNoEntry: false }) === undefined ? 0 : await cutTornLine(file);
    await appendDurably({ path: file, end, sync: true }, Buffer.from(`${JSON.stringify({ note })}\n`));
  }

  /** Every note that counts bears the second key's signature; all of them are checked. */
  async history(): Promise<readonly string[]> {
    const content = await readPrivateFile(this.#options.file, 256 * 1024 * 1024);
    if (content === null) return [];
    const key = await this.#key();
    const lines = content.toString("utf8").split("\n").slice(0, -1);
    return lines.map((line) => {
      try {
        const { note } = recordSchema.parse(JSON.parse(line));
        openNote(note, [key]);
        return note;
      } catch (cause) {
        throw refused(this.name, "a checkpoint in its file is not signed by its key", cause);
      }
    });
  }

  async #key(): Promise<VerifierKey> {
    const { keyFile, publicKey } = this.#options;
    if (publicKey !== undefined) return parseVerifierKey(publicKey);
    const signer = await readKeyFile(keyFile);
    if (signer !== null) return signer.key;
    throw new LotseError({
      code: "file.not-readable",
      message: `the key of the witness ${this.name} is not there`,
      hint: `restore ${keyFile}, or give its public key`,
      where: { file: keyFile },
    });
  }
}
