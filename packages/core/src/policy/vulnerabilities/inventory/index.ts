import type { Inventory } from "../package.ts";
import { readNested, sourceError } from "./error.ts";
import { readPackageLock } from "./npm.ts";
import { readPnpmLock } from "./pnpm.ts";
import { readPythonLock, readRequirements } from "./python.ts";
import { readSbom } from "./sbom.ts";
import { readApkInstalled, readDpkgStatus } from "./system.ts";
import { readYarnLock } from "./yarn.ts";

/** The kinds of files that name packages. */
export const inventoryKinds = [
  "npm",
  "yarn",
  "pnpm",
  "requirements",
  "python-lock",
  "dpkg",
  "apk",
  "sbom",
] as const;

/** See {@link inventoryKinds}. */
export type InventoryKind = (typeof inventoryKinds)[number];

/** What kind a file is by its path; null where its name says nothing. */
export function kindOf(path: string): InventoryKind | null {
  const name = path.split("/").at(-1) ?? path;
  if (name === "package-lock.json" || name === "npm-shrinkwrap.json") return "npm";
  if (name === "yarn.lock") return "yarn";
  if (name === "pnpm-lock.yaml") return "pnpm";
  if (/^requirements[\w.-]*\.txt$/u.test(name)) return "requirements";
  if (name === "poetry.lock" || name === "uv.lock") return "python-lock";
  if (/(?:^|\/)dpkg\/status$/u.test(path)) return "dpkg";
  if (/(?:^|\/)apk\/db\/installed$/u.test(path)) return "apk";
  if (/\.(?:spdx|cdx)\.json$/u.test(name) || name === "bom.json") return "sbom";
  return null;
}

/**
 * Reads the packages that a file names.
 *
 * @param release - of the image, for the lists of its package manager. @defaultValue any release of it
 * @throws LotseError `vulnerability.source` for what is not of the kind, of a version that is not known, or damaged
 */
export function readInventory(kind: InventoryKind, file: string, text: string, release?: string): Inventory {
  return readNested(file, () => readKind(kind, file, text, release));
}

function readKind(kind: InventoryKind, file: string, text: string, release?: string): Inventory {
  switch (kind) {
    case "npm":
      return readPackageLock(file, text);
    case "yarn":
      return readYarnLock(file, text);
    case "pnpm":
      return readPnpmLock(file, text);
    case "requirements":
      return readRequirements(file, text);
    case "python-lock":
      return readPythonLock(file, text);
    case "dpkg":
      return readDpkgStatus(file, text, release ?? "Debian");
    case "apk":
      return readApkInstalled(file, text, release ?? "Alpine");
    case "sbom":
      return readSbom(file, text);
    default:
      throw sourceError(file, `there is no reader for ${String(kind satisfies never)}`);
  }
}
