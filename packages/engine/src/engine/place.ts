import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";

/**
 * Where process numbers mean the same: the host, its boot, and the namespace of its processes. A container
 * that shares the host's name has another one.
 */
export async function placeOfProcesses(): Promise<string> {
  const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "");
  const namespace = await readlink("/proc/self/ns/pid").catch(() => "");
  return `${hostname()} ${boot.trim()} ${namespace}`.slice(0, 512);
}
