import { lstat, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { programs, run } from "./programs.ts";

/** What the directories of beds begin with. */
export const bedPrefix = "lotse-bed-";

/** Who runs a bed, and which rule of the packet filter it made. */
interface Owner {
  readonly pid: number;
  readonly bridge: string;
}

/** Notes who runs a bed, so that the next one can clear up after it when it was killed. */
export async function noteOwner(directory: string, bridge: string): Promise<void> {
  await writeFile(join(directory, "owner"), JSON.stringify({ pid: process.pid, bridge } satisfies Owner));
}

/** The arguments of the rule by which hosts of a bed reach each other. */
export function forwardRule(bridge: string): string[] {
  return ["FORWARD", "-i", bridge, "-o", bridge, "-j", "ACCEPT"];
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function endEngine(directory: string): Promise<void> {
  const host = `unix://${join(directory, "e/s")}`;
  const client = (args: readonly string[]) => run(programs.docker, ["--host", host, ...args], 30_000);
  const { stdout } = await client(["ps", "--all", "--quiet"]);
  const containers = stdout.split("\n").filter((id) => id !== "");
  if (containers.length > 0) await client(["rm", "--force", "--volumes", ...containers]);
  await client(["network", "rm", "bed"]).catch(() => undefined);
  const pid = Number(await readFile(join(directory, "e/pid"), "utf8"));
  process.kill(pid, "SIGTERM");
  for (let tries = 0; isAlive(pid) && tries < 100; tries += 1) await sleep(100);
}

async function clear(directory: string, { bridge }: Owner): Promise<void> {
  await endEngine(directory).catch(() => undefined);
  await run(programs.iptables, ["-w", "-D", ...forwardRule(bridge)]).catch(() => undefined);
  for (const name of await readdir(directory)) {
    if (name.startsWith("disk-")) await run(programs.umount, [join(directory, name)]).catch(() => undefined);
  }
  await rm(directory, { recursive: true, force: true });
}

/** What others put there must not make us end processes or unmount anything. */
async function isOurs(path: string): Promise<boolean> {
  const status = await lstat(path).catch(() => null);
  return status !== null && status.isDirectory() && status.uid === process.getuid?.();
}

/** Removes beds whose process was killed before it could. */
export async function sweepBeds(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(bedPrefix)) continue;
    const directory = join(tmpdir(), name);
    if (!(await isOurs(directory))) continue;
    const text = await readFile(join(directory, "owner"), "utf8").catch(() => null);
    // Without it the bed is only being made, or not ours.
    if (text === null) continue;
    const owner = JSON.parse(text) as Owner;
    if (!isAlive(owner.pid)) await clear(directory, owner).catch(() => undefined);
  }
}
