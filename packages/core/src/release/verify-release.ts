import pLimit from "p-limit";
import { isLotseError } from "../kernel/index.ts";
import type { ObjectStore } from "./objects.ts";
import { objectsOf, type NamedObject, type SomeTenants } from "./named-objects.ts";
import type { Release } from "./release.ts";

/** What {@link verifyRelease} found. */
export interface Verification {
  readonly ok: boolean;
  /** How many objects were read. */
  readonly checked: number;
  /** One sentence for each object that is missing or changed. */
  readonly problems: readonly string[];
}

/** How many objects are read at a time: most are small, and reading them is mostly waiting; each may have 128 MiB. */
const together = 4;

/**
 * Reads every object that a release names and checks it against its digest.
 *
 * @param only - leaves out what belongs to other tenants. @defaultValue everything
 */
export async function verifyRelease(
  objects: ObjectStore,
  release: Release,
  only?: SomeTenants,
): Promise<Verification> {
  const limit = pLimit(together);
  const limited: ObjectStore = { ...objects, get: (digest) => limit(() => objects.get(digest)) };
  const seen = new Set<string>();
  const walked = new Set<string>();
  const walk = async (named: readonly NamedObject[]): Promise<readonly string[]> =>
    (await Promise.all(named.map((each) => problemsOf(each)))).flat();
  const problemsOf = async ({ digest, what, inner }: NamedObject): Promise<readonly string[]> => {
    try {
      if (!seen.has(digest)) {
        seen.add(digest);
        await limited.get(digest);
      }
      // A file may happen to have the very bytes of a list, and name nothing itself.
      if (inner === undefined || walked.has(digest)) return [];
      walked.add(digest);
      return await walk(await inner(limited));
    } catch (error) {
      if (!isLotseError(error)) throw error;
      return [`${what}: ${error.message}`];
    }
  };
  const problems = await walk(objectsOf(release, only));
  return { ok: problems.length === 0, checked: seen.size, problems };
}
