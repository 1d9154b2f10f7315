import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { LotseError, type Exec } from "../kernel/index.ts";

/**
 * Refuses a `.lotse` that git tracks: it came with the repository, so what it says was seen here, trusted here
 * or left to do here is what somebody else wants to be believed.
 *
 * Outside a repository, and where git cannot be asked, nothing is refused.
 *
 * @param state - the absolute path of `.lotse`
 * @throws LotseError `file.outside`
 */
export async function refuseTrackedState(exec: Exec, state: string): Promise<void> {
  const tracked = await trackedState(exec, state);
  if (tracked.length === 0) return;
  throw new LotseError({
    code: "file.outside",
    message: `${state} came with the repository: git tracks ${tracked[0]}${tracked.length > 1 ? ` and ${tracked.length - 1} more` : ""}`,
    hint: "Lotse believes only a state of its own: git rm -r --cached .lotse, remove the directory, and find out who committed it",
    where: { file: state },
  });
}

/** What git tracks of `.lotse`, at most a few files; nothing outside a repository. */
export async function trackedState(exec: Exec, state: string): Promise<readonly string[]> {
  const directory = dirname(state);
  // Asking costs a process, so a workspace outside a repository is not asked about.
  if (!existsSync(state) || !isInRepository(directory)) return [];
  // Case does not count on some file systems.
  const pathspec = `:(icase)${basename(state)}`;
  const args = ["-C", directory, "ls-files", "-z", "--", pathspec];
  const found = await exec("git", args, { timeoutMs: 20_000 }).catch(() => null);
  if (found === null || found.status !== 0) return [];
  return found.stdout.split("\0").filter((file) => file !== "");
}

function isInRepository(directory: string): boolean {
  for (let at = directory; ; at = dirname(at)) {
    if (existsSync(join(at, ".git"))) return true;
    if (at === dirname(at)) return false;
  }
}
