import { join } from "node:path";
import { isSystemError, readPrivateFile, writePrivateFile } from "../kernel/index.ts";
import { lstat } from "node:fs/promises";

const line = ".lotse/";
/** `.lotse`, with slashes or not, anywhere or at the top. */
const isIt = /^(?:\*\*\/|\/)?\.lotse\/?(?:\*\*?)?$/u;

/**
 * Makes sure that git ignores `.lotse`, Lotse's own state: who commits it hands others a state that they must
 * not believe.
 *
 * @param directory - the workspace, absolute
 * @returns whether `.gitignore` was written
 */
export async function ignoreState(directory: string): Promise<boolean> {
  const path = join(directory, ".gitignore");
  const found = await lstat(path).catch((error: unknown) => {
    if (isSystemError(error, "ENOENT")) return null;
    throw error;
  });
  // A link may lead anywhere; `.lotse` has a `.gitignore` of its own besides.
  if (found !== null && !found.isFile()) return false;
  const text = (await readPrivateFile(path, 1024 * 1024))?.toString("utf8") ?? "";
  if (text.split(/\r?\n/u).some((entry) => isIt.test(entry.trim()))) return false;
  const separator = text === "" || text.endsWith("\n") ? "" : "\n";
  await writePrivateFile(path, `${text}${separator}${line}\n`, {
    mode: found === null ? 0o644 : found.mode & 0o777,
  });
  return true;
}
