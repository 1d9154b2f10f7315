import type { InstalledPackage, Inventory } from "../package.ts";
import { sourceError } from "./error.ts";

/**
 * Reads `yarn.lock` of Yarn 1.
 *
 * @throws LotseError `vulnerability.source`, also for the lockfiles of later Yarns
 * @see https://classic.yarnpkg.com/lang/en/docs/yarn-lock/
 */
export function readYarnLock(file: string, text: string): Inventory {
  if (/^__metadata:/mu.test(text)) throw sourceError(file, "is of Yarn 2 or newer, which is not supported");
  if (!text.includes("yarn lockfile v1")) throw sourceError(file, "is no lockfile of Yarn 1");
  const packages: InstalledPackage[] = [];
  let heading: string | undefined;
  for (const [index, line] of text.split(/\r?\n/u).entries()) {
    if (/^\S.*:$/u.test(line)) heading = line.slice(0, -1);
    const version = /^ {2}version "([^"]+)"$/u.exec(line)?.[1];
    if (version === undefined) continue;
    const name = heading === undefined ? undefined : nameOf(heading);
    if (name === undefined) throw sourceError(file, "a version belongs to no package", undefined, index + 1);
    packages.push({ ecosystem: "npm", name, version, file });
    heading = undefined;
  }
  return { packages, skipped: [] };
}

/** The name in `"@a/b@^1", "@a/b@^2"`; of an alias, such as `x@npm:y@^1`, what it stands for. */
function nameOf(heading: string): string | undefined {
  const first = heading.split(", ", 1)[0]?.replaceAll('"', "") ?? "";
  return /^@?[^@]+@npm:(@?[^@]+)@/u.exec(first)?.[1] ?? /^(@?[^@]+)@/u.exec(first)?.[1];
}
