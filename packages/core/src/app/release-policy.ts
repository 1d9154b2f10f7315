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
  /** Older releases have a result only where the gate was asked. */
  enforced: z.boolean().default(true),
  summary: z.object({
    ok: z.boolean(),
    strict: z.boolean(),
    scopes: z.int().min(0),
    checks: z.int().min(0),
    counts: z.record(z.enum(statuses), z.int().min(0)),
    /** Older releases hold the moment of the run; it would make a new object of the same result each time. */
    at: z.string().optional(),
  }),
  results: z.array(result),
});

type Stored = z.infer<typeof schema>;

/** What a release carries of the policy's run: the summary, and every result that is not a pass. */
export interface ReleasedPolicy extends Readonly<Omit<Stored, "summary">> {
  /** `at` is when the release was made. */
  readonly summary: Stored["summary"] & { readonly at: string };
}

/**
 * What of a run goes into a release: no evidence, which is told anew from the configuration that it holds, and no time,
 * so that the same result is the same object.
 *
 * @param enforced - whether the gate was asked; without a `policy/policy.yml` the result is information
 */
export function releasedPolicy({ summary, results }: PolicyRun, enforced: boolean): PolicyRecordOfRelease {
  const { at: _, ...rest } = summary;
  return {
    enforced,
    summary: rest,
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
interface PolicyRecordOfRelease {
  readonly enforced: boolean;
  readonly summary: Omit<PolicyRun["summary"], "at">;
  readonly results: ReleasedPolicy["results"];
}

/**
 * What the policy said of a release when it was made.
 *
 * @returns null for a release of a version of Lotse that kept none, or kept it in another shape
 * @throws LotseError `release.corrupt`
 */
export async function policyOfRelease(store: ReleaseStore, release: Release): Promise<ReleasedPolicy | null> {
  const { data } = schema.safeParse(await store.policyOf(release));
  if (data === undefined) return null;
  return { ...data, summary: { ...data.summary, at: data.summary.at ?? release.createdAt } };
}
