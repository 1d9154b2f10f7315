import { readdir, readFile } from "node:fs/promises";
import { isRunning, type ProcessIdentity } from "../../../kernel/index.ts";

/** The variable that marks a process, and all it starts, as belonging to a slot of a workspace. */
export const instanceVariable = "LOTSE_INSTANCE";

/** Sends a signal to a process group; it is no error when there is none. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "ESRCH" && code !== "EPERM") throw error;
  }
}

/**
 * Ends a process group: SIGTERM, then SIGKILL when the grace is over or its leader has ended.
 *
 * @param ended - resolves when the leader has ended
 */
export async function endGroup(pid: number, graceMs: number, ended: Promise<void>): Promise<void> {
  signalGroup(pid, "SIGTERM");
  let timer: NodeJS.Timeout | undefined;
  const grace = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, graceMs);
  });
  await Promise.race([ended, grace]);
  clearTimeout(timer);
  signalGroup(pid, "SIGKILL");
  await ended;
}

/**
 * Ends what a dead supervisor left running: the groups it wrote down and, on Linux, every process that bears
 * the mark of this workspace, for the supervisor may have died before it could write one down.
 */
export async function killOrphans(lotse: string, known: readonly ProcessIdentity[]): Promise<void> {
  for (const identity of known) {
    if (identity.started !== null && (await isRunning(identity))) signalGroup(identity.pid, "SIGKILL");
  }
  for (const pid of await markedProcesses(lotse)) kill(pid);
}

/** The processes of this user that bear the mark of a workspace; none where there is no `/proc`. */
export async function markedProcesses(lotse: string): Promise<readonly number[]> {
  const mark = `${instanceVariable}=${lotse}:`;
  const found: number[] = [];
  const names = await readdir("/proc").catch(() => []);
  for (const name of names) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    // Processes of others cannot be read, and processes end while one looks.
    const text = await readFile(`/proc/${name}/environ`, "latin1").catch(() => "");
    if (text.split("\0").some((entry) => Buffer.from(entry, "latin1").toString("utf8").startsWith(mark))) {
      found.push(pid);
    }
  }
  return found;
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}
