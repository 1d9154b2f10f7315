import { execFile } from "node:child_process";
import { chown, mkdir, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LotseError, removeTree, type Sensitive } from "@lotse/core/kernel";
import type { ServerLayout } from "./layout.ts";
import { roleName } from "./probe.ts";
import type { ServiceUser } from "./service-user.ts";

/**
 * Makes the data directory where there is none. It is made beside its place and renamed, so a crash leaves
 * either all of it or none.
 *
 * @throws LotseError `database.start` with what `initdb` said
 */
export async function initialise(
  layout: ServerLayout,
  password: Sensitive<string>,
  user: ServiceUser | null,
): Promise<void> {
  if (await isThere(join(layout.data, "PG_VERSION"))) return;
  const work = join(layout.directory, ".tmp-initdb");
  await removeTree(work);
  await mkdir(work, { mode: 0o700 });
  const passwordFile = join(work, "password");
  await writeFile(passwordFile, password.reveal(), { mode: 0o600 });
  if (user !== null) {
    await chown(work, user.uid, user.gid);
    await chown(passwordFile, user.uid, user.gid);
  }
  try {
    await initdb(layout, join(work, "data"), passwordFile, user);
    await rename(join(work, "data"), layout.data);
  } finally {
    await removeTree(work);
  }
}

function initdb(
  layout: ServerLayout,
  data: string,
  passwordFile: string,
  user: ServiceUser | null,
): Promise<void> {
  const args = [
    `--pgdata=${data}`,
    `--username=${roleName}`,
    "--auth=scram-sha-256",
    `--pwfile=${passwordFile}`,
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--locale=C.UTF-8",
    "--data-checksums",
  ];
  const identity = user === null ? {} : { uid: user.uid, gid: user.gid };
  return new Promise((resolve, reject) => {
    execFile(
      join(layout.programs, "bin", "initdb"),
      args,
      { ...identity, cwd: layout.directory, timeout: 60_000, env: serverEnvironment() },
      (error, stdout, stderr) => {
        if (error === null) resolve();
        else {
          const said = `${stderr}${stdout}`.trim().split("\n").slice(-3).join(" ");
          reject(
            new LotseError({
              code: "database.start",
              message: `initdb failed: ${said.slice(0, 500)}`,
              hint: "check that the disk is not full, or set DATABASE_URL to a server that runs already",
              cause: error,
            }),
          );
        }
      },
    );
  });
}

/** The environment that the server's programs get: nothing of ours, which may hold secrets. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: "/usr/bin:/bin", LC_ALL: "C.UTF-8", TZ: "UTC" };
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
