import { z } from "zod";
import { severities, statuses, type PolicyRun } from "../policy/index.ts";
import type { Release, ReleaseStore } from "../release/index.ts";

const result = z.object({
  check: z.string(),
  environment: z.string(),
  tenant: z.string().nullable(),
  status: z.enum(statuses),
  severity: z.enum(severities),
  message: z.string(),
  waiver: z.string().nullable(),
});

const schema = z.object({
  summary: z.object({
    ok: z.boolean(),
    strict: z.boolean(),
    scopes: z.int().min(0),
    checks: z.int().min(0),
    counts: z.record(z.enum(statuses), z.int().min(0)),
    at: z.string(),
  }),
  results: z.array(result),
});

/** What a release carries of the policy's run: the summary, and every result that is not a pass. */
export type ReleasedPolicy = Readonly<z.infer<typeof schema>>;

/** What of a run goes into a release: no evidence, which is told anew from the configuration that it holds. */
export function releasedPolicy({ summary, results }: PolicyRun): PolicyRecordOfRelease {
  return {
    summary,
    results: results
      .filter(({ status }) => status !== "pass" && status !== "not-applicable")
      .map(({ check, environment, tenant, status, severity, message, waiver }) => ({
        check,
        environment,
        tenant,
        status,
        severity,
        message,
        waiver: waiver?.id ?? null,
      })),
  };
}

/** {@link ReleasedPolicy} with the whole summary, as it is stored. */
interface PolicyRecordOfRelease extends Pick<PolicyRun, "summary"> {
  readonly results: ReleasedPolicy["results"];
}

/**
 * What the policy said of a release when it was made.
 *
 * @returns null where there was no policy, or where another version of Lotse wrote it in another shape
 * @throws LotseError `release.corrupt`
 */
export async function policyOfRelease(store: ReleaseStore, release: Release): Promise<ReleasedPolicy | null> {
  return schema.safeParse(await store.policyOf(release)).data ?? null;
}
