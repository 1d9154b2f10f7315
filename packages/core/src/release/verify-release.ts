import { isLotseError } from "../kernel/index.ts";
import { manifestSchema } from "./code-tree.ts";
import type { ObjectStore } from "./objects.ts";
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
  const check = async (digest: string, what: string): Promise<Buffer | null> => {
    seen.add(digest);
    try {
      return await objects.get(digest);
    } catch (error) {
      if (!isLotseError(error)) throw error;
      problems.push(`${what}: ${error.message}`);
      return null;
    }
  };
  const manifest = await check(release.code, "the list of code files");
  if (manifest !== null) {
    const list = manifestSchema.safeParse(JSON.parse(manifest.toString("utf8")));
    if (!list.success) problems.push("the list of code files is not valid");
    for (const entry of list.data?.entries ?? []) {
      if (entry.type === "file" && !seen.has(entry.digest)) await check(entry.digest, entry.path);
    }
  }
  if (release.policy !== undefined) await check(release.policy, "the result of the policy");
  for (const [environment, tenants] of Object.entries(release.configurations)) {
    for (const [tenant, part] of Object.entries(tenants)) {
      await check(part.config, `the configuration of ${environment}:${tenant}`);
      if (part.secrets !== undefined)
        await check(part.secrets, `the secret handles of ${environment}:${tenant}`);
      if (part.variables !== null) await check(part.variables, `the variables of ${environment}:${tenant}`);
    }
  }
  return { ok: problems.length === 0, checked: seen.size, problems };
}
