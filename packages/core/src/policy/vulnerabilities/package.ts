/** A package that is installed somewhere. */
export interface InstalledPackage {
  /** As OSV names it: `npm`, `PyPI`, `Debian:12`, `Alpine:v3.20`, `Go`. */
  readonly ecosystem: string;
  /** As OSV names it: for Debian and Alpine the source package. */
  readonly name: string;
  readonly version: string;
  /** The file that says so. */
  readonly file: string;
}

/** A line of a lockfile or list that names no version that could be looked up. */
export interface SkippedPackage {
  readonly name: string;
  readonly file: string;
  readonly reason: string;
}

/** What a lockfile or list of packages holds. */
export interface Inventory {
  readonly packages: readonly InstalledPackage[];
  readonly skipped: readonly SkippedPackage[];
}

/** The name by which packages and advisories find each other. */
export function packageKey(base: string, name: string): string {
  return JSON.stringify([base, base === "PyPI" ? normalPypi(name) : name]);
}

/** A Python package's name in the form that all its spellings share. @see https://peps.python.org/pep-0503/#normalized-names */
export function normalPypi(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/gu, "-");
}
