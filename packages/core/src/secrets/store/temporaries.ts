import { lstat, readdir, rm } from "node:fs/promises";
import { uptime } from "node:os";
import { join } from "node:path";
import { identify } from "../../kernel/index.ts";

/** What `writePrivateFile` calls a file that is not in its place yet. */
const temporaryName = /^\.tmp-(\d{1,10})-[0-9a-f]{12}$/u;
/** Longer than any write takes; a process of another container has a number that says nothing here. */
const surelyWrittenMs = 60_000;
const maxAgeMs = 24 * 60 * 60 * 1000;

/** What is asked of the system; handed in by tests. */
export interface TemporariesPorts {
  readonly now: () => number;
  /** When the machine was started, in milliseconds since 1970. */
  readonly bootMs: () => number;
  readonly isAlive: (pid: number) => Promise<boolean>;
}

const system: TemporariesPorts = {
  now: () => Date.now(),
  bootMs: () => Date.now() - uptime() * 1000,
  isAlive: async (pid) => (await identify(pid)) !== null,
};

/**
 * Removes temporary files that processes left behind which are gone, as after `kill -9`: those whose process is
 * dead, that are older than the machine's start, or older than a day, as numbers of processes come again.
 *
 * @returns the names that were removed
 */
export async function sweepTemporaries(
  directory: string,
  { now, bootMs, isAlive }: TemporariesPorts = system,
): Promise<readonly string[]> {
  const removed: string[] = [];
  for (const name of await readdir(directory).catch(() => [])) {
    const pid = Number(temporaryName.exec(name)?.[1]);
    if (Number.isNaN(pid) || pid === process.pid) continue;
    const path = join(directory, name);
    const found = await lstat(path).catch(() => null);
    if (found === null || !found.isFile()) continue;
    const ageMs = now() - found.mtimeMs;
    if (ageMs < surelyWrittenMs) continue;
    const isLeft = ageMs > maxAgeMs || found.mtimeMs < bootMs() || !(await isAlive(pid));
    if (!isLeft) continue;
    await rm(path, { force: true });
    removed.push(name);
  }
  return removed;
}
