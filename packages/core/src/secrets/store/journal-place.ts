import { lstat, realpath } from "node:fs/promises";
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { isSystemError, outsideError } from "../../kernel/index.ts";

/** What belongs to programs: a file put there would be run or believed. */
const reserved = /^\.(?:git|lotse)$/iu;

/**
 * Refuses a path that a journal must not write to: one that is outside the workspace, also by a symbolic link,
 * or among the files of git or of Lotse itself. A journal may have come with a repository that somebody else
 * made, so it is not believed.
 *
 * @param root - the workspace, absolute
 * @param path - absolute
 * @throws LotseError `file.outside`
 */
export async function checkPlace(root: string, path: string): Promise<void> {
  const written = insideOf(root, path);
  if (!isAbsolute(path) || resolve(path) !== path || written === null) {
    throw outsideError(path, "is not a file of the workspace, and a journal names it");
  }
  const real = insideOf(await realpath(root), await realDirectory(dirname(path)));
  if (real === null) throw outsideError(path, "lies behind a symbolic link that leads out of the workspace");
  if ([...written, ...real].some((name) => reserved.test(name))) {
    throw outsideError(path, "belongs to git or to Lotse, and a journal names it");
  }
}

/** The names that lead from a directory to what is in it; null for what is not. */
function insideOf(root: string, path: string): readonly string[] | null {
  const names = relative(root, path).split(sep);
  return names[0] === ".." || isAbsolute(names.join(sep)) ? null : names;
}

/** The directory without links; of one that is not there yet, that of the nearest above it. */
async function realDirectory(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (!isSystemError(error, "ENOENT") || dirname(path) === path) throw error;
    // A link to nowhere is not the same as nothing: what it names may appear at any time.
    if ((await lstat(path).catch(() => null)) !== null) {
      throw outsideError(path, "is a symbolic link that cannot be followed");
    }
    return await realDirectory(dirname(path));
  }
}
