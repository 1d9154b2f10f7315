import type { Stats } from "node:fs";
import { lstat } from "node:fs/promises";
import { dirname } from "node:path";
import { isSystemError, LotseError } from "../../../kernel/index.ts";

/** What a path must be. */
export type PathKind = "file" | "socket" | "directory";

const writableByOthers = 0o022;
const openToOthers = 0o077;
const sticky = 0o1000;

/**
 * Why something is not ours to believe or to talk to; null where it is. A socket must be closed to others; a file
 * or directory must not be writable by them, apart from sticky directories such as `/tmp`.
 *
 * @param uid - of this process; what root made is believed, too
 */
export function faultOf(
  found: Pick<Stats, "uid" | "mode" | "isFile" | "isSocket" | "isDirectory">,
  kind: PathKind,
  uid: number,
): string | null {
  const isKind = { file: found.isFile(), socket: found.isSocket(), directory: found.isDirectory() }[kind];
  if (!isKind) return `is no ${kind}`;
  if (found.uid !== uid && found.uid !== 0) return "belongs to another user";
  const isSticky = kind === "directory" && (found.mode & sticky) !== 0;
  const forbidden = kind === "socket" ? openToOthers : writableByOthers;
  return (found.mode & forbidden) === 0 || isSticky ? null : "can be used by others";
}

/**
 * Refuses a file that somebody else could have written, or a socket that somebody else could listen on or
 * replace: secrets go over it.
 *
 * @returns whether it is there
 * @throws LotseError `file.outside`
 */
export async function refuseForeignPath(path: string, kind: PathKind): Promise<boolean> {
  const uid = process.getuid?.();
  // There are no owners to ask about elsewhere than on POSIX systems.
  if (uid === undefined) return true;
  for (const [place, what] of [
    [dirname(path), "directory"],
    [path, kind],
  ] as const) {
    const found = await lstat(place).catch((error: unknown) => {
      if (isSystemError(error, "ENOENT") || isSystemError(error, "ENOTDIR")) return null;
      throw error;
    });
    if (found === null) return false;
    const fault = faultOf(found, what, uid);
    if (fault !== null) throw foreign(place, fault);
  }
  return true;
}

function foreign(path: string, fault: string): LotseError {
  return new LotseError({
    code: "file.outside",
    message: `${path} ${fault}, so it is not the supervisor's that runs here`,
    hint: "find out who made it; when .lotse/run/supervisor.json is removed, a new supervisor is started",
    where: { file: path },
  });
}
