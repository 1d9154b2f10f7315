import { lstat, mkdir, realpath } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import {
  isSystemError,
  LotseError,
  outsideError,
  Sensitive,
  staysInside,
  writePrivateFile,
} from "../../kernel/index.ts";

/** A rendered file before it is written: a value that can be shown and compared without showing a secret. */
export interface Artefact {
  /** The proposed path, relative to the directory that the caller chooses, with forward slashes. */
  readonly path: string;
  /** Sensitive as soon as one secret value is in it. */
  readonly content: Sensitive<string> | string;
  /** Permission bits, such as 0o600. */
  readonly mode: number;
}

/**
 * Writes an artefact below a directory: completely or not at all, and readable by nobody else.
 *
 * Symbolic links are not followed: neither the file itself nor a directory on the way may be one that leads
 * out. Whoever may write to the directory could still exchange a part of the path between check and writing.
 *
 * @param directory - absolute; is made when it is missing
 * @returns the absolute path of the file
 * @throws LotseError `file.outside` for a path or link that leaves the directory, and for a link in the
 *   file's place; `secret.leak` when a secret would be written with a mode that others can read
 */
export async function writeArtefact(directory: string, artefact: Artefact): Promise<string> {
  const { path, content, mode } = artefact;
  if (path === "" || path === "." || path.endsWith("/") || !staysInside(path)) {
    throw outsideError(path, "leads out of the directory");
  }
  if (content instanceof Sensitive && (mode & 0o177) !== 0) {
    throw new LotseError({
      code: "secret.leak",
      message: `${path} holds secrets and would get the mode ${mode.toString(8)}`,
      hint: "use 600",
      where: { file: path },
    });
  }
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const root = await realpath(directory);
  const target = join(root, path);
  await checkAncestors(root, target, path);
  await checkTarget(target, path);
  await writePrivateFile(target, content instanceof Sensitive ? content.reveal() : content, { mode });
  return target;
}

/** Checks the directories from the root down; from the first that does not exist on, they will be made. */
async function checkAncestors(root: string, target: string, path: string): Promise<void> {
  let directory = root;
  for (const part of relative(root, dirname(target)).split(sep)) {
    directory = join(directory, part);
    let real: string;
    try {
      real = await realpath(directory);
    } catch (error) {
      if (isSystemError(error, "ENOENT") && !(await exists(directory))) return;
      throw outsideError(path, "goes through something that cannot be followed");
    }
    const inside = relative(root, real);
    if (inside === ".." || inside.startsWith(`..${sep}`)) {
      throw outsideError(path, "goes through a symbolic link that leads out of the directory");
    }
  }
}

async function checkTarget(target: string, path: string): Promise<void> {
  const found = await lstat(target).catch((error: unknown) => {
    if (isSystemError(error, "ENOENT")) return undefined;
    throw error;
  });
  if (found !== undefined && !found.isFile()) {
    throw outsideError(path, found.isSymbolicLink() ? "is a symbolic link" : "is not a regular file");
  }
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
