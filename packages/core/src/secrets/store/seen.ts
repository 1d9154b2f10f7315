import { join } from "node:path";
import { z } from "zod";
import { digestOf, readPrivateFile, writePrivateFile } from "../../kernel/index.ts";
import { manifestDigest, type Manifest, type Seen } from "../manifest/index.ts";

const seenSchema = z.strictObject({
  file: z.string().max(4096),
  version: z.int().min(1),
  digest: z.string().max(64),
  signer: z.string().max(100),
});

/** Remembers which version of each secret file was here, so that an old one does not come back unnoticed. */
export class SeenVersions {
  readonly #directory: string;

  /** @param directory - absolute; made when needed */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The highest version seen of a file. @returns `undefined` for a file that was never seen */
  async of(file: string): Promise<Seen | undefined> {
    const content = await readPrivateFile(this.#pathOf(file), 65_536);
    return content === null ? undefined : seenSchema.parse(JSON.parse(content.toString("utf8")));
  }

  /** Remembers a manifest that was found good. */
  async remember(manifest: Manifest, before: Seen | undefined): Promise<void> {
    const digest = manifestDigest(manifest);
    if (before?.digest === digest) return;
    const { file, version, signer } = manifest;
    await writePrivateFile(
      this.#pathOf(file),
      JSON.stringify({ file, version, digest, signer: signer.key }),
      { sync: false },
    );
  }

  #pathOf(file: string): string {
    return join(this.#directory, `${digestOf(file).slice(0, 40)}.json`);
  }
}
