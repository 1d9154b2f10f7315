import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { digestOf, isSystemError, LotseError } from "../kernel/index.ts";
import { maxObjectBytes, type ObjectSink } from "./objects.ts";
import type { Release } from "./release.ts";

/** A file that is deployed besides or instead of a code tree, such as a tarball. */
export interface ArtefactInput {
  /** Absolute. */
  readonly file: string;
  /** What its SHA-256 must be; not checked if left out. */
  readonly sha256?: string | undefined;
}

/**
 * Keeps the bytes of an artefact.
 *
 * @throws LotseError `release.artefact` when it is missing, no file, or has another digest; `release.too-large`
 */
export async function storeArtefact(
  objects: ObjectSink,
  { file, sha256 }: ArtefactInput,
): Promise<NonNullable<Release["artefact"]>> {
  const content = await readArtefact(file);
  const digest = digestOf(content);
  if (sha256 !== undefined && sha256 !== digest) {
    throw refuse(file, `has the SHA-256 ${digest}, and lotse.yml says ${sha256}`);
  }
  await objects.put(content);
  return { name: basename(file), digest, size: content.byteLength };
}

async function readArtefact(file: string): Promise<Buffer> {
  try {
    const stats = await stat(file);
    if (!stats.isFile()) throw refuse(file, "is not a file");
    if (stats.size > maxObjectBytes) {
      throw new LotseError({
        code: "release.too-large",
        message: `${file} is larger than ${maxObjectBytes} bytes`,
        hint: "make it an image, and name that by its digest",
        where: { file },
      });
    }
    return await readFile(file);
  } catch (error) {
    if (isSystemError(error, "ENOENT")) throw refuse(file, "does not exist");
    throw error;
  }
}

function refuse(file: string, what: string): LotseError {
  return new LotseError({
    code: "release.artefact",
    message: `the artefact ${file} ${what}`,
    hint: "build it again, and check app.artefact in lotse.yml",
    where: { file },
  });
}
