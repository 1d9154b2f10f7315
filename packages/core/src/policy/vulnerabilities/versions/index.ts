import semver from "semver";
import { compareAlpine } from "./alpine.ts";
import { compareDebian } from "./debian.ts";
import { comparePypi } from "./pypi.ts";

/** Compares two versions; `undefined` where they cannot be. */
export type CompareVersions = (left: string, right: string) => number | undefined;

const byEcosystem: Readonly<Record<string, CompareVersions>> = {
  npm: compareSemver,
  Go: compareSemver,
  "crates.io": compareSemver,
  PyPI: comparePypi,
  Debian: compareDebian,
  Ubuntu: compareDebian,
  Alpine: compareAlpine,
};

/**
 * The order of versions in an ecosystem.
 *
 * @param ecosystem - as OSV names it, such as `npm` or `Debian:12`
 * @param range - the type of the range that they are compared in; `SEMVER` is SemVer in every ecosystem
 * @returns `undefined` where its order is not known here
 */
export function compareIn(ecosystem: string, range?: string): CompareVersions | undefined {
  if (range === "SEMVER") return compareSemver;
  const base = baseOf(ecosystem);
  return Object.hasOwn(byEcosystem, base) ? byEcosystem[base] : undefined;
}

/** An ecosystem without its release: `Debian` of `Debian:12`. */
export function baseOf(ecosystem: string): string {
  return ecosystem.split(":", 1)[0] ?? ecosystem;
}

function compareSemver(left: string, right: string): number | undefined {
  const one = semver.parse(left, { loose: true });
  const other = semver.parse(right, { loose: true });
  return one === null || other === null ? undefined : semver.compare(one, other);
}
