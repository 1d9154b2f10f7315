import { lstatSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { isSystemError, LotseError } from "./error.ts";

/**
 * The port for reading a tree of files: a directory on disk, or a revision of it in git. Paths are relative
 * to the tree's root and use forward slashes.
 */
export interface Files {
  /** Where the tree is, for messages. */
  readonly label: string;
  /**
   * Reads a file.
   *
   * @returns `undefined` where there is none
   * @throws LotseError `file.outside` for a path or link that leaves the tree, `file.not-readable`
   */
  read(path: string): Uint8Array | undefined;
  /** The names in a directory, sorted; empty where there is none. */
  list(directory: string): readonly string[];
  /** A text that changes when the file does; `undefined` where there is no file. Cheaper than reading. */
  stamp(path: string): string | undefined;
  /** The size in bytes; `undefined` where there is no file. */
  size(path: string): number | undefined;
}

/** Whether a relative path stays inside its tree as written. */
export function staysInside(path: string): boolean {
  return (
    !path.startsWith("/") && !path.includes("\\") && !path.includes("\0") && !path.split("/").includes("..")
  );
}

/** The error for a path or link that leaves the tree. */
export function outsideError(path: string, why: string): LotseError {
  return new LotseError({
    code: "file.outside",
    message: `${path} ${why}`,
    hint: "keep everything the workspace needs inside its directory",
    where: { file: path },
  });
}

/** A directory on disk. Symbolic links are followed only as long as they stay inside it. */
export class DirectoryFiles implements Files {
  readonly label: string;
  readonly #root: string;
  readonly #realRoot: string;
  readonly #checkedDirectories = new Set<string>();

  constructor(root: string) {
    this.label = root;
    this.#root = root;
    this.#realRoot = realpathSync.native(root);
  }

  read(path: string): Uint8Array | undefined {
    const full = this.#resolve(path);
    return attempt(path, () => readFileSync(full));
  }

  list(directory: string): readonly string[] {
    const full = this.#resolve(directory);
    return attempt(directory, () => readdirSync(full))?.sort() ?? [];
  }

  stamp(path: string): string | undefined {
    const full = this.#resolve(path);
    const found = attempt(path, () => statSync(full, { bigint: true }));
    return found === undefined ? undefined : `${found.ino}:${found.size}:${found.mtimeNs}:${found.ctimeNs}`;
  }

  size(path: string): number | undefined {
    const full = this.#resolve(path);
    return attempt(path, () => statSync(full))?.size;
  }

  #resolve(path: string): string {
    if (!staysInside(path)) throw outsideError(path, "leads out of the workspace");
    const full = join(this.#root, path);
    this.#checkDirectory(dirname(full), path);
    let found = attempt(path, () => lstatSync(full));
    if (found?.isSymbolicLink() === true) {
      this.#checkReal(full, path);
      found = attempt(path, () => statSync(full));
    }
    if (found !== undefined && !found.isFile() && !found.isDirectory()) {
      throw notReadable(path, "it is a pipe, socket or device");
    }
    return full;
  }

  #checkDirectory(directory: string, path: string): void {
    if (this.#checkedDirectories.has(directory) || directory === dirname(this.#root)) return;
    if (this.#checkReal(directory, path)) this.#checkedDirectories.add(directory);
  }

  /** @returns whether there is anything, as what is not there yet may become a link later */
  #checkReal(full: string, path: string): boolean {
    let real: string;
    try {
      real = realpathSync.native(full);
    } catch (error) {
      if (isMissing(error)) return false;
      throw outsideError(path, "is a symbolic link that cannot be followed");
    }
    const inside = relative(this.#realRoot, real);
    if (inside === ".." || inside.startsWith(`..${sep}`)) {
      throw outsideError(path, "is a symbolic link that leads out of the workspace");
    }
    return true;
  }
}

/** @returns `undefined` where there is no such file */
function attempt<T>(path: string, act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw notReadable(path, error instanceof Error ? error.message : "unknown cause", error);
  }
}

function notReadable(path: string, why: string, cause?: unknown): LotseError {
  return new LotseError({
    code: "file.not-readable",
    message: `${path} cannot be read: ${why}`,
    hint: "check that it is a file and that you may read it",
    where: { file: path },
    cause,
  });
}

function isMissing(error: unknown): boolean {
  return isSystemError(error, "ENOENT") || isSystemError(error, "ENOTDIR");
}
