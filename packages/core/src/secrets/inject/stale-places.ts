import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { identify, isRunning, readPrivateFile } from "../../kernel/index.ts";
import { ownerFile, ownerSchema, pidNamespace, type PlaceOwner } from "./place-owner.ts";
import { wipeDirectory } from "./wipe.ts";

const placeName = /^lotse-(\d{1,10})-[0-9a-f]{16}$/u;

/**
 * Removes private directories whose process is dead, as after `kill -9`. Only directories of this user with
 * mode 0700 are touched, and only those whose process numbers mean the same here; everything doubtful stays.
 *
 * @returns the paths that were removed
 */
export async function removeStale(bases: readonly string[]): Promise<readonly string[]> {
  const removed: string[] = [];
  for (const base of new Set(bases)) {
    const names = await readdir(base).catch(() => []);
    for (const name of names) {
      const pid = Number(placeName.exec(name)?.[1]);
      const path = join(base, name);
      if (Number.isNaN(pid) || !(await isOwn(path)) || !(await isDead(path, pid))) continue;
      wipeDirectory(path);
      removed.push(path);
    }
  }
  return removed;
}

async function isOwn(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return (
    found !== undefined &&
    found.isDirectory() &&
    found.uid === process.getuid?.() &&
    (found.mode & 0o777) === 0o700
  );
}

async function isDead(path: string, pid: number): Promise<boolean> {
  const owner = await readOwner(path);
  // Its process died, or is still at work, between making the directory and writing the owner's file.
  if (owner === null) return (await identify(pid)) === null;
  if (owner.namespace !== pidNamespace()) return false;
  return !(await isRunning(owner.process));
}

async function readOwner(path: string): Promise<PlaceOwner | null> {
  try {
    const bytes = await readPrivateFile(join(path, ownerFile), 4096);
    if (bytes === null) return null;
    return ownerSchema.parse(JSON.parse(bytes.toString()));
  } catch {
    return null;
  }
}
