import { z } from "zod";
import type { Files } from "../../kernel/index.ts";
import type { RequirementReference } from "../model.ts";
import { policyFilesIn, readPolicyFile } from "../read-file.ts";

const id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/u, "use lower-case letters, digits and dashes");

const requirement = z.strictObject({
  id: z.string().min(1).max(100).describe("as the standard writes it, such as CC6.7"),
  title: z.string().min(1).max(500).describe("what it asks for, in your own words"),
  checks: z.array(id).min(1).max(200).describe("the checks that are evidence for it"),
  tentative: z
    .boolean()
    .default(false)
    .describe("the mapping still wants reading against the standard's text"),
});

/** The schema of `frameworks/*.yml`. */
export const frameworkFile = z.strictObject({
  id,
  title: z.string().min(1).max(200),
  version: z.string().max(50).optional().describe("the edition of the standard"),
  requirements: z.array(requirement).min(1).max(2000),
});

/** A framework: requirements, and which checks are evidence for each. It is data. */
export type Framework = z.infer<typeof frameworkFile>;

/**
 * Reads the frameworks of a directory.
 *
 * @throws LotseError `policy.framework` with a place
 */
export function readFrameworks(files: Files, directory: string): readonly Framework[] {
  return policyFilesIn(files, directory).flatMap(
    (file) => readPolicyFile(files, file, frameworkFile, "policy.framework")?.value ?? [],
  );
}

/** Several sets of frameworks as one: a later framework replaces an earlier one with the same id. */
export function mergeFrameworks(...sets: readonly (readonly Framework[])[]): readonly Framework[] {
  return [...new Map(sets.flat().map((framework) => [framework.id, framework])).values()];
}

/** The requirements that each check is evidence for, over some frameworks. */
export function requirementsByCheck(
  frameworks: readonly Framework[],
): ReadonlyMap<string, readonly RequirementReference[]> {
  const found = new Map<string, RequirementReference[]>();
  for (const framework of frameworks) {
    for (const { id: requirementId, checks, tentative } of framework.requirements) {
      for (const check of checks) {
        const references = found.get(check) ?? [];
        references.push({
          framework: framework.id,
          id: requirementId,
          ...(tentative ? { tentative: true } : {}),
        });
        found.set(check, references);
      }
    }
  }
  return found;
}
