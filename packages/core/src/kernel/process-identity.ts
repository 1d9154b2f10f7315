import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { z } from "zod";

/** A process that can be told apart from a later one with the same number. */
export const processIdentitySchema = z.strictObject({
  pid: z.int().min(1),
  /** Boot and start time as the system gives them; null where it cannot be known. */
  started: z.string().max(200).nullable(),
});

/** The type of {@link processIdentitySchema}. */
export type ProcessIdentity = z.infer<typeof processIdentitySchema>;

/**
 * Who a running process is.
 *
 * @returns null when there is no such process, or it has ended and only waits to be collected
 */
export async function identify(pid: number): Promise<ProcessIdentity | null> {
  if (!exists(pid)) return null;
  if (process.platform !== "linux") return identifyByPs(pid);
  try {
    const [stat, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, "utf8"),
      readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => ""),
    ]);
    // The second field is the program's name in brackets and may hold anything; fields count after it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state] = fields;
    if (state === "Z" || state === "X") return null;
    return { pid, started: `${boot.trim()}:${fields[19] ?? ""}` };
  } catch {
    return exists(pid) ? { pid, started: null } : null;
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function identifyByPs(pid: number): Promise<ProcessIdentity | null> {
  return new Promise((resolve) => {
    execFile("ps", ["-o", "stat=,lstart=", "-p", String(pid)], (error, stdout) => {
      const text = stdout.trim();
      if (error !== null) resolve(exists(pid) ? { pid, started: null } : null);
      else
        resolve(text === "" || text.startsWith("Z") ? null : { pid, started: text.replace(/^\S+\s+/u, "") });
    });
  });
}

/** Whether this very process still runs; a process of unknown start counts by its number alone. */
export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  const present = await identify(identity.pid);
  if (present === null) return false;
  return identity.started === null || present.started === null || present.started === identity.started;
}
