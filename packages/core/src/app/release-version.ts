import semver from "semver";
import type { VersionChooser } from "../release/index.ts";
import { parseCommit, withoutReverted } from "../release/notes/conventional.ts";
import { checkPrerelease, nextVersion } from "../release/notes/next-version.ts";
import { commitsBetween, taggedVersions, type CommitState } from "./release-git.ts";
import { releasesOf } from "./release-store.ts";
import type { Session } from "./session.ts";

/**
 * What chooses the next version, by the commits since the highest version that is no prerelease. Versions are those
 * of the releases here, and the tags in the history of the workspace: a fresh clone has no releases.
 *
 * @throws LotseError `usage.argument` for a prerelease that cannot be one, `release.commits` when the history is not all there
 */
export async function versionChooser(
  session: Session,
  state: CommitState | null,
  prerelease: string | undefined,
): Promise<VersionChooser> {
  if (prerelease !== undefined) checkPrerelease(prerelease);
  const tags = state === null ? [] : await taggedVersions(session, state.commit);
  const releases = await releasesOf(session).list();
  const known = [
    ...tags.map(({ version, commit }) => ({ version, commit: commit as string | null })),
    ...releases.map(({ version, commit }) => ({ version, commit })),
  ];
  const stable = known
    .filter(({ version }) => semver.prerelease(version) === null)
    .sort((left, right) => semver.rcompare(left.version, right.version));
  const since =
    stable[0] === undefined
      ? undefined
      : stable.find(({ version, commit }) => version === stable[0]?.version && commit !== null);
  const commits =
    state === null || since === undefined
      ? []
      : withoutReverted((await commitsBetween(session, since.commit, state.commit)).map(parseCommit));
  return (released) =>
    nextVersion({
      versions: [...new Set([...tags, ...released].map(({ version }) => version))],
      commits,
      prerelease,
    });
}
