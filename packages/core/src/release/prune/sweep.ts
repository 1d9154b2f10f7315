import { open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { isSystemError } from "../../kernel/index.ts";
import { objectsOf, type NamedObject } from "../named-objects.ts";
import type { ObjectStore } from "../objects.ts";
import type { Records } from "../records.ts";
import type { Release } from "../release.ts";

/** What pruning did to the objects. */
export interface Swept {
  /** How many files went: objects that no release names, signatures without a release, what a crash left. */
  readonly files: number;
  readonly bytes: number;
}

/** Where a store is. */
export interface SweepPlace {
  /** The absolute path of the workspace's `.lotse`. */
  readonly directory: string;
  readonly objects: ObjectStore;
  readonly records: Records;
}

/**
 * Removes releases: each record first, for good, and its signature then. Whoever dies between the two leaves a
 * signature of nothing, which the next sweep takes.
 */
export async function removeReleases(place: SweepPlace, removed: readonly Release[]): Promise<void> {
  if (removed.length === 0) return;
  for (const { id } of removed) await rm(place.records.pathsOf(id).record, { force: true });
  // Objects may only go once it is on the disk that nothing names them any more.
  await syncDirectory(join(place.directory, "releases"));
  for (const { id } of removed) await rm(place.records.pathsOf(id).envelope, { force: true });
}

/**
 * Removes what no release names. To be called while holding the lock under which releases are made.
 *
 * @throws LotseError `release.corrupt` when a record or a list in it cannot be read: nothing is removed then, as
 * nobody knows what it names
 */
export async function sweep(place: SweepPlace): Promise<Swept> {
  const wanted = new Set<string>();
  const walked = new Set<string>();
  const ids = new Set(await place.records.ids());
  for (const release of await place.records.list())
    await mark(place.objects, objectsOf(release), wanted, walked);
  let files = 0;
  let bytes = 0;
  const remove = async (path: string): Promise<void> => {
    bytes += (await stat(path)).size;
    await rm(path, { force: true });
    files += 1;
  };
  for (const name of await names(join(place.directory, "releases"))) {
    const id = /^([0-9a-f]{64})\.intoto\.json$/u.exec(name)?.[1];
    const isOrphan = id !== undefined && !ids.has(id);
    if (isOrphan || isTemporary(name)) await remove(join(place.directory, "releases", name));
  }
  for (const head of await names(join(place.directory, "objects"))) {
    if (!/^[0-9a-f]{2}$/u.test(head)) continue;
    for (const rest of await names(join(place.directory, "objects", head))) {
      const isObject = /^[0-9a-f]{62}$/u.test(rest);
      if ((isObject && !wanted.has(head + rest)) || isTemporary(rest)) {
        await remove(join(place.directory, "objects", head, rest));
      }
    }
  }
  return { files, bytes };
}

async function mark(
  objects: ObjectStore,
  named: readonly NamedObject[],
  wanted: Set<string>,
  walked: Set<string>,
): Promise<void> {
  for (const { digest, inner } of named) {
    wanted.add(digest);
    // Apart from `wanted`: a file may happen to have the very bytes of a list, and name nothing itself.
    if (inner === undefined || walked.has(digest)) continue;
    walked.add(digest);
    await mark(objects, await inner(objects), wanted, walked);
  }
}

/** What an atomic write leaves when the process dies in it. */
function isTemporary(name: string): boolean {
  return name.startsWith(".tmp-");
}

async function names(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return [];
    throw error;
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
