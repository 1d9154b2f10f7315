import { z } from "zod";
import { LotseError, type Files } from "../../kernel/index.ts";
import { globMatches } from "../glob.ts";
import { severities } from "../model.ts";
import { policyFilesIn, readPolicyFile } from "../read-file.ts";

const id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/u, "use lower-case letters, digits and dashes");

/** The schema of `profiles/*.yml`. */
export const profileFile = z.strictObject({
  id,
  title: z.string().min(1).max(200),
  kind: z.enum(["development", "staging", "production"]).describe("what rules see as environment.kind"),
  environments: z.array(z.string().min(1).max(63)).max(64).default([]).describe("names or patterns"),
  checks: z.array(id).max(500).default([]).describe("checks that run here, whatever frameworks apply"),
  "not-applicable": z
    .strictObject({
      checks: z.array(id).max(500),
      "data-sources": z
        .array(z.string().min(1).max(63))
        .min(1)
        .max(16)
        .describe("the exemption holds where environment.data_source is one of these"),
      reason: z.string().min(1).max(500),
    })
    .optional(),
  gate: z
    .strictObject({
      severities: z.array(z.enum(severities)).max(4).default([]).describe("failures that stop a release"),
      checks: z.array(id).max(500).default([]).describe("checks whose failure stops it, however severe"),
      except: z
        .array(id)
        .max(500)
        .default([])
        .describe("checks whose failure a release neither causes nor should wait for"),
      unknown: z.array(id).max(500).default([]).describe("checks that must be known to pass"),
    })
    .default({ severities: [], checks: [], except: [], unknown: [] }),
});

/** What an environment is for, as checks and the release gate see it. It is data. */
export type Profile = z.infer<typeof profileFile>;

/**
 * Reads the profiles of a directory.
 *
 * @throws LotseError `policy.profile` with a place
 */
export function readProfiles(files: Files, directory: string): readonly Profile[] {
  return policyFilesIn(files, directory).flatMap(
    (file) => readPolicyFile(files, file, profileFile, "policy.profile")?.value ?? [],
  );
}

/**
 * Several sets of profiles as one, the last set first: a team's profile replaces ours with the same id, and is asked
 * before ours which environments it is for.
 */
export function mergeProfiles(...sets: readonly (readonly Profile[])[]): readonly Profile[] {
  const merged = new Map<string, Profile>();
  for (const profile of sets.toReversed().flat())
    if (!merged.has(profile.id)) merged.set(profile.id, profile);
  return [...merged.values()];
}

/**
 * The profile of an environment: the one that the workspace assigns, or the first whose patterns fit. What no
 * profile claims is held to production's, so that a new environment does not slip through.
 *
 * @throws LotseError `policy.profile` where the assigned profile does not exist, or none is left
 */
export function profileOf(
  environment: string,
  profiles: readonly Profile[],
  assigned: Readonly<Record<string, string>>,
): Profile {
  const name = Object.hasOwn(assigned, environment) ? assigned[environment] : undefined;
  const found =
    name === undefined
      ? (profiles.find(({ environments }) =>
          environments.some((pattern) => globMatches(pattern, environment)),
        ) ?? profiles.find(({ kind }) => kind === "production"))
      : profiles.find((profile) => profile.id === name);
  if (found !== undefined) return found;
  throw new LotseError({
    code: "policy.profile",
    message:
      name === undefined
        ? `no profile fits the environment ${environment}`
        : `${environment} has the profile ${name}, which does not exist`,
    hint: `there are ${profiles.map((profile) => profile.id).join(", ")}`,
  });
}
