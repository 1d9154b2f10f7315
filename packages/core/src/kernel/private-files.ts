import { randomBytes } from "node:crypto";
import { chmod, lstat, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isSystemError, LotseError } from "./error.ts";

/** Makes a directory, and those above it that are missing, for this user alone (0700). */
export async function makePrivateDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
}

/** How {@link writePrivateFile} writes. */
export interface WriteOptions {
  /** @defaultValue 0o600 */
  readonly mode?: number;
  /** Whether to wait until the bytes are on the disk. @defaultValue true */
  readonly sync?: boolean;
  /**
   * Whether to wait until the name is. Who leaves it out calls {@link syncDirectory} once for many files, and until
   * then has another way to bring them back. @defaultValue the value of `sync`
   */
  readonly syncName?: boolean;
}

/**
 * Writes a file so that a reader, or a crash at any moment, sees the old content or the new, never a part.
 * Bytes go to a temporary file beside it, to the disk, and then to their name.
 */
export async function writePrivateFile(
  path: string,
  content: string | Uint8Array,
  options: WriteOptions = {},
): Promise<void> {
  await makePrivateDirectory(dirname(path));
  await replace(path, content, options);
}

async function replace(
  path: string,
  content: string | Uint8Array,
  { mode = 0o600, sync = true, syncName = sync }: WriteOptions,
): Promise<void> {
  const directory = dirname(path);
  const temporary = join(directory, `.tmp-${process.pid}-${randomBytes(6).toString("hex")}`);
  try {
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(content);
      if (sync) await file.sync();
    } finally {
      await file.close();
    }
    await chmod(temporary, mode);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  if (syncName) await syncDirectory(directory);
}

/** Waits until the names in a directory are on the disk. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/**
 * Puts new content in the place of a file that exists, in one step and with the same mode.
 *
 * @throws the system's error when the file does not exist or cannot be written
 */
export async function replaceFile(
  path: string,
  content: string | Uint8Array,
  options: Omit<WriteOptions, "mode"> = {},
): Promise<void> {
  const { mode } = await stat(path);
  await replace(path, content, { ...options, mode: mode & 0o7777 });
}

/**
 * Reads a file that Lotse wrote.
 *
 * @returns null where there is none
 * @throws LotseError `file.too-large` when it is longer than the bound, `file.not-readable` otherwise
 */
export async function readPrivateFile(path: string, maxBytes: number): Promise<Buffer | null> {
  try {
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      if (size > maxBytes) throw tooLarge(path, maxBytes);
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return null;
    if (error instanceof LotseError) throw error;
    throw new LotseError({
      code: "file.not-readable",
      message: `${path} cannot be read`,
      where: { file: path },
      cause: error,
    });
  }
}

function tooLarge(path: string, maxBytes: number): LotseError {
  return new LotseError({
    code: "file.too-large",
    message: `${path} is larger than ${maxBytes} bytes`,
    where: { file: path },
  });
}

/** A link, or somebody else's directory, could come with a repository or a shared disk: neither keeps our state. */
async function refuseForeign(directory: string): Promise<void> {
  const found = await lstat(directory).catch((error: unknown) => {
    if (isSystemError(error, "ENOENT")) return null;
    throw error;
  });
  const uid = process.getuid?.();
  const isOurs =
    found === null || (found.isDirectory() && (uid === undefined || found.uid === uid || uid === 0));
  if (isOurs) return;
  throw new LotseError({
    code: "file.outside",
    message: `${directory} is a link, or belongs to another user`,
    hint: "remove it: Lotse makes a directory of its own for its state",
    where: { file: directory },
  });
}

/** Removes a directory and all in it; it is no error when there is none. */
export async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 3 });
}

/**
 * Makes the directory `.lotse` of a workspace, with a `.gitignore` in it, so that state never gets committed.
 *
 * @param directory - the absolute path of `.lotse` itself
 */
export async function makeLotseDirectory(directory: string): Promise<void> {
  await refuseForeign(directory);
  await makePrivateDirectory(directory);
  // Something else may have made it with wider permissions.
  await chmod(directory, 0o700);
  const path = join(directory, ".gitignore");
  if ((await readPrivateFile(path, 65_536)) === null) await writePrivateFile(path, "*\n", { sync: false });
}
