import type { InstalledPackage, Inventory } from "../package.ts";
import { sourceError } from "./error.ts";

/**
 * Reads dpkg's `status` file. Advisories name source packages, so these are listed, with their versions.
 *
 * @param release - of the image, such as `Debian:12`
 * @throws LotseError `vulnerability.source`
 * @see https://man7.org/linux/man-pages/man5/deb-control.5.html
 */
export function readDpkgStatus(file: string, text: string, release: string): Inventory {
  const found = new Map<string, InstalledPackage>();
  for (const block of text.split(/\n{2,}/u)) {
    if (block.trim() === "") continue;
    const binary = fieldOf(block, "Package");
    const status = fieldOf(block, "Status");
    if (binary === undefined) throw sourceError(file, "an entry has no package");
    if (status !== undefined && !status.endsWith(" installed")) continue;
    const source = /^(\S+)(?: \(([^)]+)\))?$/u.exec(fieldOf(block, "Source") ?? binary);
    const version = source?.[2] ?? fieldOf(block, "Version");
    if (version === undefined) throw sourceError(file, `${binary} has no version`);
    const name = source?.[1] ?? binary;
    found.set(JSON.stringify([name, version]), { ecosystem: release, name, version, file });
  }
  return { packages: [...found.values()], skipped: [] };
}

function fieldOf(block: string, name: string): string | undefined {
  return new RegExp(`^${name}: *(.*)$`, "mu").exec(block)?.[1]?.trim();
}

/**
 * Reads apk's database `lib/apk/db/installed`: origins and their versions.
 *
 * @param release - of the image, such as `Alpine:v3.20`
 * @throws LotseError `vulnerability.source`
 * @see https://wiki.alpinelinux.org/wiki/Apk_spec
 */
export function readApkInstalled(file: string, text: string, release: string): Inventory {
  const found = new Map<string, InstalledPackage>();
  for (const block of text.split(/\n{2,}/u)) {
    if (block.trim() === "") continue;
    const field = (letter: string): string | undefined =>
      new RegExp(`^${letter}:(.*)$`, "mu").exec(block)?.[1]?.trim();
    const name = field("o") ?? field("P");
    const version = field("V");
    if (name === undefined || version === undefined)
      throw sourceError(file, "an entry has no package or version");
    found.set(JSON.stringify([name, version]), { ecosystem: release, name, version, file });
  }
  return { packages: [...found.values()], skipped: [] };
}

/** The release as OSV names it, from `/etc/os-release`; `undefined` for a system whose packages are not known. */
export function releaseOf(osRelease: string): string | undefined {
  const field = (name: string): string =>
    new RegExp(`^${name}=["']?([^"'\\n]*)`, "mu").exec(osRelease)?.[1] ?? "";
  const version = field("VERSION_ID");
  switch (field("ID")) {
    case "debian":
      return version === "" ? "Debian" : `Debian:${version}`;
    case "ubuntu":
      return version === "" ? "Ubuntu" : `Ubuntu:${version}`;
    case "alpine":
      return version === "" ? "Alpine" : `Alpine:v${version.split(".").slice(0, 2).join(".")}`;
    default:
      return undefined;
  }
}
