import semver from "semver";
import { isLotseError, LotseError } from "../kernel/index.ts";
import { highestFirst, isVersion, normaliseVersion } from "../release/index.ts";
import { changelogMarkdown, notesMarkdown } from "../release/notes/markdown.ts";
import { notesOf, type Notes } from "../release/notes/notes.ts";
import { commitsBetween, commitState, taggedVersions } from "./release-git.ts";
import { releasesOf } from "./release-store.ts";
import type { Session } from "./session.ts";

/** A version with the commit that it is made of. */
interface Point {
  readonly version: string;
  readonly commit: string;
  /** ISO 8601; null where it is not known. */
  readonly at: string | null;
}

/** How the workspace at present is called. */
const head = "HEAD";

/**
 * What changed between two versions, by the commits between them.
 *
 * @param range - `TO`, or `FROM..TO`; each the id or version of a release, a tag `vX.Y.Z`, or `HEAD`. Without `FROM`,
 * it is the version before `TO`: for one that is no prerelease, the last of that kind
 * @throws LotseError `release.not-found`, `release.commits`, `usage.argument`
 */
export async function releaseNotes(session: Session, range: string): Promise<Notes> {
  const points = await pointsOf(session);
  const [left, right] = range.includes("..") ? range.split("..") : [undefined, range];
  if (right === undefined || right === "" || left === "" || range.split("..").length > 2)
    throw badRange(range);
  const to = await pointAt(session, points, right);
  const from = left === undefined ? pointBefore(points, to) : await pointAt(session, points, left);
  return await notesBetween(session, from, to);
}

/**
 * The notes of every version that is a tag or a release, the highest first, with what is not released yet in front.
 * A prerelease is told as long as its version itself is not there.
 *
 * @throws LotseError `release.commits`
 */
export async function changelog(session: Session): Promise<readonly Notes[]> {
  const points = await pointsOf(session);
  const stable = new Set(points.filter(isStable).map(({ version }) => version));
  const told = points.filter((point) => isStable(point) || !stable.has(coreOf(point.version)));
  const state = await commitState(session);
  const unreleased =
    state === null || state.commit === points[0]?.commit
      ? []
      : [await notesBetween(session, points[0] ?? null, unreleasedAt(state.commit))];
  const notes: Notes[] = unreleased.filter(({ groups }) => groups.length > 0);
  for (const point of told) notes.push(await notesBetween(session, pointBefore(points, point), point));
  return notes;
}

export { changelogMarkdown, notesMarkdown };

async function notesBetween(session: Session, from: Point | null, to: Point): Promise<Notes> {
  const commits = await commitsBetween(session, from?.commit ?? null, to.commit);
  return notesOf({ from: from?.version ?? null, to: to.version, at: to.at }, commits);
}

/** Every version that has a commit, the highest first; a release counts before a tag of the same version. */
async function pointsOf(session: Session): Promise<readonly Point[]> {
  const points = new Map<string, Point>();
  for (const { version, commit, at } of await taggedVersions(session)) {
    points.set(version, { version, commit, at: at === "" ? null : at });
  }
  for (const { version, commit, createdAt } of await releasesOf(session).list()) {
    if (commit !== null) points.set(version, { version, commit, at: createdAt });
  }
  return [...points.values()].sort((left, right) => highestFirst(left.version, right.version));
}

async function pointAt(session: Session, points: readonly Point[], reference: string): Promise<Point> {
  if (reference === head) {
    const state = await commitState(session);
    if (state === null) throw withoutCommit("the workspace");
    return unreleasedAt(state.commit);
  }
  try {
    const { version, commit, createdAt } = await releasesOf(session).read(reference);
    if (commit === null) throw withoutCommit(`release ${version}`);
    return { version, commit, at: createdAt };
  } catch (error) {
    const wanted = isVersion(reference) ? normaliseVersion(reference) : null;
    const tagged = points.find(({ version }) => version === wanted);
    if (tagged !== undefined && isLotseError(error) && error.code === "release.not-found") return tagged;
    throw error;
  }
}

function unreleasedAt(commit: string): Point {
  return { version: "Unreleased", commit, at: null };
}

/** The version before: a version that is no prerelease follows the last one of its kind. */
function pointBefore(points: readonly Point[], to: Point): Point | null {
  const hasVersion = isVersion(to.version);
  const lower = hasVersion ? points.filter(({ version }) => semver.lt(version, to.version)) : points;
  const fitting = hasVersion && isStable(to) ? lower.filter(isStable) : lower;
  return fitting[0] ?? null;
}

function isStable({ version }: Point): boolean {
  return semver.prerelease(version) === null;
}

function coreOf(version: string): string {
  return version.replace(/[-+].*$/u, "");
}

function withoutCommit(what: string): LotseError {
  return new LotseError({
    code: "release.commits",
    message: `${what} has no commit, so nobody can tell what changed`,
    hint: "notes are made of commits: keep the workspace in git, and commit before `lotse release create`",
  });
}

function badRange(range: string): LotseError {
  return new LotseError({
    code: "usage.argument",
    message: `${JSON.stringify(range.slice(0, 80))} is not a range of releases`,
    hint: "write TO or FROM..TO, such as v1.2.0..v1.3.0",
  });
}
