import { isLotseError } from "../kernel/index.ts";
import type { ObjectStore } from "./objects.ts";
import { objectsOf, type NamedObject } from "./named-objects.ts";
import type { Release } from "./release.ts";

/** What {@link verifyRelease} found. */
export interface Verification {
  readonly ok: boolean;
  /** How many objects were read. */
  readonly checked: number;
  /** One sentence for each object that is missing or changed. */
  readonly problems: readonly string[];
}

/** Reads every object that a release names and checks it against its digest. */
export async function verifyRelease(objects: ObjectStore, release: Release): Promise<Verification> {
  const problems: string[] = [];
  const seen = new Set<string>();
  const walked = new Set<string>();
  const walk = async (named: readonly NamedObject[]): Promise<void> => {
    for (const { digest, what, inner } of named) {
      try {
        if (!seen.has(digest)) {
          seen.add(digest);
          await objects.get(digest);
        }
        // A file may happen to have the very bytes of a list, and name nothing itself.
        if (inner === undefined || walked.has(digest)) continue;
        walked.add(digest);
        await walk(await inner(objects));
      } catch (error) {
        if (!isLotseError(error)) throw error;
        problems.push(`${what}: ${error.message}`);
      }
    }
  };
  await walk(objectsOf(release));
  return { ok: problems.length === 0, checked: seen.size, problems };
}
