import { lstatSync, mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writePrivateFile, type Sensitive } from "../../kernel/index.ts";
import { wipeDirectory } from "../inject/index.ts";

const prefix = "lotse-kept-";
/** How long a text that could not be written is kept: a day. */
const maxAgeMs = 24 * 60 * 60 * 1000;
const memory = "/dev/shm";

/**
 * Puts a text that could not be written into a private file (0600), so that it is not lost.
 *
 * @param inMemory - whether it was never on a disk, and shall not be
 * @returns the file's path
 */
export async function keepText(
  text: Sensitive<Uint8Array>,
  inMemory: boolean,
  parent: string = inMemory ? memory : tmpdir(),
): Promise<string> {
  const path = join(mkdtempSync(join(parent, prefix)), "text");
  await writePrivateFile(path, text.reveal());
  return path;
}

/**
 * Overwrites and removes texts that were kept more than a day ago. Only directories of this user with mode 0700
 * are touched.
 *
 * @param parents - where they may be. @defaultValue `/dev/shm` and the temporary directory
 * @returns the directories that were removed
 */
export function sweepKeptTexts(
  now: Date,
  parents: readonly string[] = [memory, tmpdir()],
): readonly string[] {
  const removed: string[] = [];
  for (const parent of new Set(parents)) {
    for (const name of namesIn(parent)) {
      const path = join(parent, name);
      if (!name.startsWith(prefix) || !isOwnAndOld(path, now)) continue;
      wipeDirectory(path);
      removed.push(path);
    }
  }
  return removed;
}

function isOwnAndOld(path: string, now: Date): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  const isOwn =
    found !== undefined &&
    found.isDirectory() &&
    found.uid === process.getuid?.() &&
    (found.mode & 0o777) === 0o700;
  return isOwn && now.getTime() - found.mtimeMs > maxAgeMs;
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
