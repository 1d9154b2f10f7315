import { isLotseError, type Exec } from "../../kernel/index.ts";
import { waiverDirectory } from "./waiver.ts";

/**
 * Who wrote each waiver, as git knows it: the names and e-mail addresses of everybody who committed a change
 * to the file.
 *
 * @param directory - the workspace
 * @returns by path in the workspace; a file that was never committed is not in it, and nothing is outside git
 * @see https://git-scm.com/docs/git-log#_pretty_formats
 */
export async function authorsOf(
  directory: string,
  exec: Exec,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, Set<string>>();
  const log = await history(directory, exec);
  // Each commit: a start byte, address, name, then its files, all ended by NUL bytes.
  for (const commit of log.split("\u0001").slice(1)) {
    const [address = "", name = "", ...paths] = commit.split("\0").map((part) => part.replace(/^\n/u, ""));
    for (const path of paths.filter((text) => text !== "")) {
      const authors = found.get(path) ?? new Set();
      authors.add(address).add(name);
      found.set(path, authors);
    }
  }
  return new Map([...found].map(([path, authors]) => [path, [...authors]]));
}

async function history(directory: string, exec: Exec): Promise<string> {
  try {
    const result = await exec("git", [
      "-C",
      directory,
      "log",
      "--format=%x01%ae%x00%an%x00",
      "--name-only",
      "--no-renames",
      "--relative",
      "-z",
      "--",
      waiverDirectory,
    ]);
    return result.status === 0 ? result.stdout : "";
  } catch (error) {
    if (isLotseError(error)) return "";
    throw error;
  }
}
