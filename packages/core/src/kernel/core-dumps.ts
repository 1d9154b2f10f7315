import type { Exec } from "./exec.ts";

/**
 * Turns core dumps off for a process, so that a crash does not write its memory, and with it secrets, to a
 * file. Processes that it starts inherit this. Only the soft limit is lowered.
 *
 * It is done from outside, by `prlimit` of util-linux: Node has no call for it, and `ulimit` exists in shells
 * only. Lotse lowers its own limit rather than wrapping the program, since it holds the secrets as well, and a
 * wrapper would hide whether the program could be started. A handler in `/proc/sys/kernel/core_pattern` is
 * told the limit and may ignore it; systemd-coredump and apport respect it.
 *
 * @param pid - the process, usually `process.pid`
 * @returns whether they are off now; false where there is no `prlimit`, as on macOS
 * @see https://man7.org/linux/man-pages/man5/core.5.html
 */
export async function disableCoreDumps(exec: Exec, pid: number): Promise<boolean> {
  try {
    const { status } = await exec("prlimit", ["--pid", String(pid), "--core=0:"], { timeoutMs: 5000 });
    return status === 0;
  } catch {
    return false;
  }
}
