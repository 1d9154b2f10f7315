import { readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { LotseError } from "@lotse/core/kernel";

/** Whom the server runs as. */
export interface ServiceUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** The best comes first: a user made for this, one made for PostgreSQL, one that may do nothing. */
const candidates = ["lotse", "postgres", "nobody"] as const;

/**
 * Finds whom the server runs as. It must be in the table of users, for `initdb` looks its name up.
 *
 * @param passwd - the content of `/etc/passwd`
 * @returns null when none of the candidates is there
 */
export function findServiceUser(passwd: string): ServiceUser | null {
  const users = passwd.split("\n").map((line) => line.split(":"));
  for (const name of candidates) {
    const [, , uid, gid] = users.find(([found]) => found === name) ?? [];
    if (uid !== undefined && gid !== undefined && Number(uid) > 0)
      return { name, uid: Number(uid), gid: Number(gid) };
  }
  return null;
}

/**
 * Whom to run the server as: nobody else unless we are root, which PostgreSQL refuses.
 *
 * @throws LotseError `database.start` when we are root and there is no user to run it as
 */
export async function serviceUser(isRoot: boolean): Promise<ServiceUser | null> {
  if (!isRoot) return null;
  const user = findServiceUser(await readFile("/etc/passwd", "utf8"));
  if (user !== null) return user;
  throw new LotseError({
    code: "database.start",
    message: "PostgreSQL does not run as root, and there is no other user to run it as",
    hint: "make one with: useradd --system lotse, or set DATABASE_URL to a server that runs already",
  });
}

/**
 * Checks that a user can enter a directory.
 *
 * @throws LotseError `database.start` naming the directory above that is closed
 */
export async function checkEnterable(directory: string, user: ServiceUser): Promise<void> {
  for (let path = directory; ; path = dirname(path)) {
    const { mode, uid, gid } = await stat(path);
    const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) {
      throw new LotseError({
        code: "database.start",
        message: `the user ${user.name}, which PostgreSQL would run as, cannot enter ${path}`,
        hint: "keep the server in another directory, or set DATABASE_URL",
        where: { file: path },
      });
    }
    if (path === dirname(path)) return;
  }
}
