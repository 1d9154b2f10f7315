import type { ExecResult } from "../../kernel/index.ts";
import { manifestPathOf, type Manifest } from "../../secrets/manifest/index.ts";
import { boundContentOf } from "../../secrets/store/index.ts";
import type { Session } from "../session.ts";

/** Where the sides of a merge, rebase or cherry-pick usually are; names that do not exist are passed over. */
const usual = ["HEAD", "MERGE_HEAD", "REBASE_HEAD", "CHERRY_PICK_HEAD", "ORIG_HEAD", "FETCH_HEAD", "stash"];
const maxCommits = 20;

/**
 * The content of a secret file that a manifest binds, from the commit that holds this manifest. git merges
 * both one by one and tells a merge driver nothing of the other.
 *
 * @param path - of the file, relative to the workspace
 * @param bytes - the manifest as git has it
 * @returns null where no commit has both
 */
export async function findBoundFile(
  session: Session,
  path: string,
  manifest: Manifest,
  bytes: Uint8Array,
): Promise<Uint8Array | null> {
  const merging = Object.keys(session.variables).flatMap(
    (name) => /^GITHEAD_([0-9a-f]{40,64})$/u.exec(name)?.[1] ?? [],
  );
  for (const commit of [...usual, ...merging]) {
    const found = await fileAt(session, commit, path, manifest);
    if (found !== null) return found;
  }
  for (const commit of await commitsThatHold(session, path, bytes)) {
    const found = await fileAt(session, commit, path, manifest);
    if (found !== null) return found;
  }
  return null;
}

async function fileAt(
  session: Session,
  commit: string,
  path: string,
  manifest: Manifest,
): Promise<Uint8Array | null> {
  const { status, stdout } = await git(session, ["cat-file", "blob", `${commit}:./${path}`]);
  if (status !== 0) return null;
  const content = Buffer.from(stdout, "latin1");
  // Whatever commit it comes from: it is the one that was signed, or it is not taken.
  return fits(content, path, manifest) ? content : null;
}

function fits(content: Uint8Array, path: string, manifest: Manifest): boolean {
  try {
    const { structure, recipients } = boundContentOf(content, path);
    return structure === manifest.structure && recipients.join("\n") === manifest.recipients.join("\n");
  } catch {
    return false;
  }
}

/** Commits that brought or removed this manifest, each followed by its parents. */
async function commitsThatHold(
  session: Session,
  path: string,
  bytes: Uint8Array,
): Promise<readonly string[]> {
  const input = Buffer.from(bytes).toString("utf8");
  const hashed = await git(session, ["hash-object", "--stdin", "--no-filters"], input);
  const id = hashed.stdout.trim();
  if (hashed.status !== 0 || id === "") return [];
  const log = await git(session, [
    "log",
    "--all",
    "--reflog",
    "-m",
    `--find-object=${id}`,
    `--max-count=${maxCommits}`,
    "--format=%H %P",
    "--no-patch",
    "--",
    manifestPathOf(path),
  ]);
  if (log.status !== 0) return [];
  return [...new Set(log.stdout.split(/\s+/u).filter((commit) => commit !== ""))];
}

async function git(session: Session, args: readonly string[], input?: string): Promise<ExecResult> {
  return await session.exec("git", ["-C", session.directory, ...args], {
    encoding: "latin1",
    ...(input === undefined ? {} : { input }),
  });
}
