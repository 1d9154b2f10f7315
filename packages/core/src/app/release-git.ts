import semver from "semver";
import { isLotseError, LotseError, type ExecResult } from "../kernel/index.ts";
import { highestFirst, normaliseVersion } from "../release/index.ts";
import type { Commit } from "../release/notes/conventional.ts";
import type { Session } from "./session.ts";

/** What of a session runs git. */
export type GitSession = Pick<Session, "directory" | "exec">;

/** How many commits are read between two versions at most. */
const maxCommits = 10_000;

/** The commit of the workspace. */
export interface CommitState {
  readonly commit: string;
  /** Whether files of the workspace differ from it, or are not in it. */
  readonly dirty: boolean;
}

/** A version that is a tag of git, `vX.Y.Z`. */
export interface TaggedVersion {
  readonly version: string;
  readonly commit: string;
  /** When the tag was made, or the commit where the tag says nothing; ISO 8601. */
  readonly at: string;
}

/** The commit that the workspace is at; null outside git, and before the first commit. */
export async function commitState(session: GitSession): Promise<CommitState | null> {
  const head = await tryGit(session, "rev-parse", "--verify", "--quiet", "HEAD^{commit}");
  if (head === null || head.status !== 0) return null;
  const status = await tryGit(session, "status", "--porcelain=v1", "--untracked-files=normal", "--", ".");
  return {
    commit: head.stdout.trim(),
    dirty: status === null || status.status !== 0 || status.stdout !== "",
  };
}

/**
 * The semantic versions among the tags, the highest first; tags without a leading `v` are none.
 *
 * @param mergedInto - only those that are in the history of this commit
 */
export async function taggedVersions(
  session: GitSession,
  mergedInto?: string,
): Promise<readonly TaggedVersion[]> {
  const format = "%(refname:strip=2)%00%(objectname)%00%(*objectname)%00%(creatordate:iso-strict)";
  const merged = mergedInto === undefined ? [] : [`--merged=${mergedInto}`];
  const result = await tryGit(session, "for-each-ref", ...merged, `--format=${format}`, "refs/tags/v*");
  if (result === null || result.status !== 0) return [];
  const found = result.stdout.split("\n").flatMap((line) => {
    const [name = "", object = "", peeled = "", at = ""] = line.split("\0");
    if (semver.valid(name.slice(1)) === null) return [];
    return [{ version: normaliseVersion(name), commit: peeled === "" ? object : peeled, at }];
  });
  return found.sort((left, right) => highestFirst(left.version, right.version));
}

/** The commit that a tag names; null where there is no such tag. */
async function commitOfTag(session: GitSession, tag: string): Promise<string | null> {
  const result = await tryGit(session, "rev-parse", "--verify", "--quiet", `refs/tags/${tag}^{commit}`);
  return result === null || result.status !== 0 ? null : result.stdout.trim();
}

/** Whether a commit is `head`, or one that `head` was made on. */
export async function isInHistory(session: GitSession, commit: string, head: string): Promise<boolean> {
  const result = await tryGit(session, "merge-base", "--is-ancestor", "--end-of-options", commit, head);
  return result?.status === 0;
}

/**
 * The commits that `to` has and `from` does not, the newest first; merges are left out.
 *
 * @param from - a commit; the whole history if null
 * @throws LotseError `release.commits` when git does not know one of them
 */
export async function commitsBetween(
  session: GitSession,
  from: string | null,
  to: string,
): Promise<readonly Commit[]> {
  for (const commit of from === null ? [to] : [from, to]) {
    // A record may come from elsewhere: nothing but a commit's name may reach git's arguments.
    if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/u.test(commit)) throw unknownCommit(commit);
  }
  const range = from === null ? to : `${from}..${to}`;
  const result = await tryGit(
    session,
    "log",
    "--no-merges",
    `--max-count=${maxCommits}`,
    "-z",
    "--format=%H%x00%B",
    "--end-of-options",
    range,
    "--",
  );
  if (result === null || result.status !== 0) throw unknownCommit(range);
  const fields = result.stdout.split("\0");
  const commits: Commit[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    commits.push({ id: fields[at] ?? "", message: fields[at + 1] ?? "" });
  }
  return commits;
}

/**
 * Refuses a tag that stands at another commit, or that nobody could believe.
 *
 * @returns whether it is there already
 * @throws LotseError `release.tag`
 */
export async function checkTag(
  session: GitSession,
  version: string,
  state: CommitState | null,
): Promise<boolean> {
  const tag = `v${version}`;
  if (state === null) throw noTag(tag, "the workspace has no commit", "commit the workspace first");
  if (state.dirty) {
    throw noTag(tag, "files of the workspace are not committed", "commit or remove them: git status");
  }
  const at = await commitOfTag(session, tag);
  if (at === null || at === state.commit) return at !== null;
  throw noTag(
    tag,
    `it is there already, at commit ${at.slice(0, 12)}`,
    "a released version does not move; choose a new one",
  );
}

/**
 * Makes an annotated tag.
 *
 * @throws LotseError `git.failed`
 */
export async function makeTag(
  session: GitSession,
  version: string,
  commit: string,
  id: string,
): Promise<void> {
  const message = `Release ${version}\n\nLotse-Release: ${id}\n`;
  const result = await tryGit(session, "tag", "--annotate", `--message=${message}`, `v${version}`, commit);
  if (result?.status === 0) return;
  throw new LotseError({
    code: "git.failed",
    message: `git made no tag v${version}: ${result?.stderr.trim().split("\n").at(-1) ?? "git cannot be run"}`,
    hint: "the release was made; correct what git says, and run the command again",
  });
}

function noTag(tag: string, why: string, hint: string): LotseError {
  return new LotseError({ code: "release.tag", message: `the tag ${tag} cannot be made: ${why}`, hint });
}

function unknownCommit(what: string): LotseError {
  return new LotseError({
    code: "release.commits",
    message: `git has no commits ${JSON.stringify(what.slice(0, 140))}`,
    hint: "fetch the whole history, as with `git fetch --unshallow --tags`; `release create --version` needs none",
  });
}

async function tryGit(session: GitSession, ...args: string[]): Promise<ExecResult | null> {
  try {
    return await session.exec("git", ["-C", session.directory, ...args], {
      env: { GIT_OPTIONAL_LOCKS: "0", LC_ALL: "C" },
    });
  } catch (error) {
    if (isLotseError(error)) return null;
    throw error;
  }
}
