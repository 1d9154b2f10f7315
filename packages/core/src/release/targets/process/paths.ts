import { realpathSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { formatSlot, type Slot } from "../../names.ts";

/** The longest socket path that every system takes; Linux allows 107 bytes, macOS 103. */
const maxSocketBytes = 103;

/** The files of the process target below a workspace's `.lotse`; absolute paths. */
export interface ProcessPaths {
  readonly lotse: string;
  readonly run: string;
  readonly record: string;
  readonly desired: string;
  readonly supervisorLock: string;
  readonly supervisorLog: string;
  /** The directory that a slot's release is written to. */
  slotDirectory(slot: Slot): string;
  /** What the process of a slot writes to stdout and stderr. */
  slotLog(slot: Slot): string;
}

/**
 * The one spelling of a path that every command and the supervisor use, whatever links led them to it.
 *
 * @param path - need not exist yet, but its parent should
 */
export function canonicalPath(path: string): string {
  const absolute = resolve(path);
  try {
    return join(realpathSync(dirname(absolute)), basename(absolute));
  } catch {
    return absolute;
  }
}

/**
 * Says where the process target keeps its files; touches none.
 *
 * @param lotse - the absolute path of the workspace's `.lotse`
 */
export function processPaths(lotse: string): ProcessPaths {
  const run = join(lotse, "run");
  return {
    lotse,
    run,
    record: join(run, "supervisor.json"),
    desired: join(lotse, "state", "process-target.json"),
    supervisorLock: join(run, "supervisor.lock"),
    supervisorLog: join(run, "supervisor.log"),
    slotDirectory: (slot) => join(run, "slots", formatSlot(slot)),
    slotLog: (slot) => join(run, "logs", `${formatSlot(slot)}.log`),
  };
}

/**
 * Where the supervisor's socket goes: into `.lotse/run`, or, where that path is longer than a socket address
 * may be, into a new private directory below the system's temporary one.
 *
 * @see https://man7.org/linux/man-pages/man7/unix.7.html
 */
export async function chooseSocketPath(paths: ProcessPaths): Promise<string> {
  const near = join(paths.run, "supervisor.sock");
  if (Buffer.byteLength(near) <= maxSocketBytes) return near;
  return join(await mkdtemp(join(tmpdir(), "lotse-")), "s.sock");
}
