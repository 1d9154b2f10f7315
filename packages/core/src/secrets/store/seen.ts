import { join } from "node:path";
import { z } from "zod";
import { digestOf, LotseError, readPrivateFile, removeTree, writePrivateFile } from "../../kernel/index.ts";
import { manifestDigest, type Manifest, type Seen } from "../manifest/index.ts";

const seenSchema = z.strictObject({
  file: z.string().max(4096),
  version: z.int().min(1),
  digest: z.string().max(64),
  signer: z.string().max(100),
  /** Whether `lotse.yml` listed whose signatures count. */
  listed: z.boolean().default(false),
});

/** The versions of values that were seen beside a file, by name. */
const besideSchema = z.record(z.string().max(4096), z.int().min(1));

/** Remembers which version of each secret file was here, so that an old one does not come back unnoticed. */
export class SeenVersions {
  readonly #directory: string;

  /** @param directory - absolute; made when needed */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * The highest version seen of a file.
   *
   * @returns `undefined` for a file that was never seen
   * @throws LotseError `secret.manifest` where the memory of it is damaged: an old version must not pass then
   */
  async of(file: string): Promise<Seen | undefined> {
    const path = this.#pathOf(file);
    const content = await readPrivateFile(path, 65_536);
    if (content === null) return undefined;
    try {
      return seenSchema.parse(JSON.parse(content.toString("utf8")));
    } catch (cause) {
      throw new LotseError({
        code: "secret.manifest",
        message: `which version of ${file} was here last is not known any more: its memory is damaged`,
        hint: `look at \`git log\`; if the present version is right, \`lotse secrets verify --accept ${file}\``,
        where: { file: path },
        cause,
      });
    }
  }

  /** Remembers a manifest that was found good. */
  async remember(manifest: Manifest, before: Seen | undefined, listed: boolean): Promise<void> {
    const { file, version, signer } = manifest;
    const digest = manifestDigest(manifest);
    await this.rememberAs(file, { version, digest, signer: signer.key, listed }, before);
  }

  /** Remembers what was found good of a file, unless it is what was known before. */
  async rememberAs(file: string, seen: Seen, before: Seen | undefined): Promise<void> {
    if (before?.digest === seen.digest && before.listed === seen.listed) return;
    await writePrivateFile(this.#pathOf(file), JSON.stringify({ file, ...seen }), { sync: false });
  }

  /** The versions of the values that were beside a file. @throws LotseError `secret.manifest` where damaged */
  async beside(file: string): Promise<Readonly<Record<string, number>>> {
    const path = this.#pathOf(`beside ${file}`);
    const content = await readPrivateFile(path, 1024 * 1024);
    if (content === null) return {};
    const parsed = besideSchema.safeParse(jsonOf(content));
    if (parsed.success) return parsed.data;
    throw new LotseError({
      code: "secret.manifest",
      message: `which values stood beside ${file} is not known any more: the memory of it is damaged`,
      hint: `if all is as it should be, \`lotse secrets verify --accept ${file}\``,
      where: { file: path },
    });
  }

  /** Remembers the values beside a file. */
  async rememberBeside(file: string, versions: Readonly<Record<string, number>>): Promise<void> {
    const path = this.#pathOf(`beside ${file}`);
    if (Object.keys(versions).length === 0) await removeTree(path);
    else await writePrivateFile(path, JSON.stringify(versions), { sync: false });
  }

  /** Forgets a file that was removed on purpose. */
  async forget(file: string): Promise<void> {
    await removeTree(this.#pathOf(file));
  }

  #pathOf(file: string): string {
    return join(this.#directory, `${digestOf(file).slice(0, 40)}.json`);
  }
}

function jsonOf(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString("utf8"));
  } catch {
    return undefined;
  }
}
