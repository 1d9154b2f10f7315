import semver from "semver";
import type { VersionChooser } from "../release/index.ts";
import { parseCommit, withoutReverted } from "../release/notes/conventional.ts";
import { checkPrerelease, nextVersion } from "../release/notes/next-version.ts";
import { commitsBetween, isInHistory, taggedVersions, type CommitState } from "./release-git.ts";
import { releasesOf } from "./release-store.ts";
import type { Session } from "./session.ts";

/** How the version of a new release is found, and what somebody should know of it. */
export interface ChosenVersion {
  readonly version: string | VersionChooser;
  readonly warnings: readonly string[];
}

/**
 * The version that was asked for, or what chooses the next one, by the commits since the highest version that is no
 * prerelease. Versions are those of the releases here, and the tags in the history of the workspace: a fresh clone
 * has no releases.
 *
 * @throws LotseError `usage.argument` for a prerelease that cannot be one, `release.commits` when the history is not all there
 */
export async function chosenVersion(
  session: Session,
  state: CommitState | null,
  {
    version,
    prerelease,
  }: { readonly version?: string | undefined; readonly prerelease?: string | undefined },
): Promise<ChosenVersion> {
  if (version !== undefined) return { version, warnings: [] };
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
  const choose: VersionChooser = (released) =>
    nextVersion({
      versions: [...new Set([...tags, ...released].map(({ version }) => version))],
      commits,
      prerelease,
    });
  return { version: choose, warnings: await warningsOf(session, state, since) };
}

/** On a branch that left before the highest version, the next one would go for its successor. */
async function warningsOf(
  session: Session,
  state: CommitState | null,
  highest: { readonly version: string; readonly commit: string | null } | undefined,
): Promise<readonly string[]> {
  if (state === null || highest === undefined || highest.commit === null) return [];
  if (await isInHistory(session, highest.commit, state.commit)) return [];
  return [
    `${highest.version} is not in the history of this commit, so a version after it comes without what it ` +
      "changed; name a hotfix of an older release with --version",
  ];
}
