import semver from "semver";
import { LotseError } from "../../kernel/index.ts";
import { normaliseVersion } from "../version.ts";
import type { ParsedCommit } from "./conventional.ts";

/** How far a version moves. */
type Bump = "major" | "minor" | "patch";

/**
 * How far commits move a version: a break is major, a feature minor, anything else patch.
 *
 * @see https://www.conventionalcommits.org/en/v1.0.0/#summary
 */
function bumpOf(commits: readonly ParsedCommit[]): Bump {
  if (commits.some(({ breaking }) => breaking.length > 0)) return "major";
  return commits.some(({ type }) => type === "feat") ? "minor" : "patch";
}

/** What the next version is made of. */
export interface NextVersionInput {
  /** All versions there are, in any order. */
  readonly versions: readonly string[];
  /** The commits since the highest of them that is no prerelease. */
  readonly commits: readonly ParsedCommit[];
  /** Makes a prerelease, such as `rc` for `1.2.0-rc.1`. */
  readonly prerelease?: string | undefined;
}

/** The first version of all. */
const first = "0.1.0";

/**
 * The next version. Below 1.0.0 a break moves the minor version, as does a feature: 1.0.0 is somebody's decision.
 * After a prerelease comes the version that it announced, or a higher one where the commits ask for it.
 *
 * @throws LotseError `usage.argument` for a prerelease that cannot be one
 */
export function nextVersion({ versions, commits, prerelease }: NextVersionInput): string {
  const target = nextStable(versions, commits);
  if (prerelease === undefined) return target;
  checkPrerelease(prerelease);
  const numbers = versions.flatMap((version) => {
    const parsed = semver.parse(version);
    const [name, number] = parsed?.prerelease ?? [];
    const isSame = parsed !== null && core(parsed) === target && name === prerelease;
    return isSame && typeof number === "number" ? [number] : [];
  });
  return normaliseVersion(`${target}-${prerelease}.${Math.max(0, ...numbers) + 1}`);
}

function nextStable(versions: readonly string[], commits: readonly ParsedCommit[]): string {
  const sorted = semver.rsort([...versions]);
  const highest = sorted[0];
  if (highest === undefined) return first;
  const stable = sorted.find((version) => semver.prerelease(version) === null);
  const target = stable === undefined ? first : bumped(stable, bumpOf(commits));
  const announced = semver.prerelease(highest) === null ? target : core(semver.parse(highest));
  return semver.gt(announced, target) ? announced : target;
}

function bumped(version: string, bump: Bump): string {
  const isEarly = semver.major(version) === 0;
  return semver.inc(version, isEarly && bump === "major" ? "minor" : bump) ?? version;
}

function core(version: semver.SemVer | null): string {
  return version === null ? first : `${version.major}.${version.minor}.${version.patch}`;
}

/** Refuses what cannot name a prerelease. @throws LotseError `usage.argument` */
export function checkPrerelease(name: string): void {
  if (/^[0-9A-Za-z-]{1,64}$/u.test(name) && !/^\d+$/u.test(name)) return;
  throw new LotseError({
    code: "usage.argument",
    message: `${JSON.stringify(name.slice(0, 80))} cannot name a prerelease`,
    hint: "use letters, digits and dashes, such as rc",
  });
}
