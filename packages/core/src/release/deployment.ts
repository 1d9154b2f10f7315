import { z } from "zod";
import { LotseError } from "../kernel/index.ts";
import { colourSchema, nameSchema, type TenantScope } from "./names.ts";
import type { TargetState } from "./target.ts";
import { isSplit } from "./weights.ts";

/** How many past rollouts are kept for each tenant and environment. */
export const historyLimit = 50;

const idSchema = z.string().regex(/^[0-9a-f]{64}$/u);
const textSchema = z.string().max(256);

const currentSchema = z.strictObject({
  release: idSchema,
  version: textSchema,
  colour: colourSchema,
  rollout: textSchema,
  since: z.iso.datetime(),
});

const pendingSchema = z.strictObject({
  rollout: textSchema,
  release: idSchema,
  version: textSchema,
  colour: colourSchema,
  by: textSchema,
  startedAt: z.iso.datetime(),
});

const historySchema = z.strictObject({
  rollout: textSchema,
  release: idSchema,
  version: textSchema,
  colour: colourSchema,
  /** `interrupted`: the deploying process died before the switch; `recovered`: after it. */
  status: z.enum(["deployed", "rolled-back", "failed", "interrupted", "recovered"]),
  reason: z.string().max(4096).optional(),
  by: textSchema,
  at: z.iso.datetime(),
});

/** The schema of the file that keeps a deployment. */
export const deploymentSchema = z.strictObject({
  schema: z.literal(1),
  environment: nameSchema,
  tenant: nameSchema,
  /** What has the traffic; null when nothing has. */
  current: currentSchema.nullable(),
  /** The rollout that was under way when this was written. */
  pending: pendingSchema.nullable(),
  /** Past rollouts, newest first. */
  history: z.array(historySchema).max(historyLimit),
});

/** What one tenant runs in one environment, and what it ran before. Dates are ISO 8601 in UTC. */
export type Deployment = z.infer<typeof deploymentSchema>;

/** One past rollout. */
export type HistoryEntry = z.infer<typeof historySchema>;

/** A tenant that has never been deployed. */
export function emptyDeployment({ environment, tenant }: TenantScope): Deployment {
  return { schema: 1, environment, tenant, current: null, pending: null, history: [] };
}

/** Puts an entry at the front of the history and lets the oldest fall off. */
export function withHistory(deployment: Deployment, entry: HistoryEntry): Deployment {
  return { ...deployment, history: [entry, ...deployment.history].slice(0, historyLimit) };
}

/**
 * Brings the record in line with where the traffic goes. Where they differ the target is right: its switch is
 * the commit point, and the deploying process may have died before it wrote down what it had done. While
 * requests are split, or a host does not answer, what was stable before stays so.
 *
 * @param now - ISO 8601
 */
export function reconcile(deployment: Deployment, target: TargetState, now: string): Deployment {
  const { pending, current } = deployment;
  const undecided = isSplit(target.traffic) || Object.keys(target.unreachable).length > 0;
  const active = undecided
    ? (current ?? undefined)
    : target.colours.find(({ colour }) => colour === target.active);
  if (pending === null) {
    const same = active?.release === current?.release && active?.colour === current?.colour;
    return same ? deployment : { ...deployment, current: currentOf(active, "unknown", now) };
  }
  const { startedAt: _, ...attempt } = pending;
  const switched = active?.release === pending.release && active.colour === pending.colour;
  const entry: HistoryEntry = {
    ...attempt,
    status: switched ? "recovered" : "interrupted",
    reason: `the deploying process ended ${switched ? "after" : "before"} the switch`,
    at: now,
  };
  return {
    ...withHistory(deployment, entry),
    pending: null,
    current: undecided
      ? current
      : currentOf(active, switched ? pending.rollout : (current?.rollout ?? "unknown"), now),
  };
}

function currentOf(
  active: Pick<TargetState["colours"][number], "release" | "version" | "colour"> | undefined,
  rollout: string,
  since: string,
): Deployment["current"] {
  if (active === undefined) return null;
  return { release: active.release, version: active.version, colour: active.colour, rollout, since };
}

/**
 * The release that `rollback` without `--to` goes back to: the last one that was deployed and is another than
 * the present one.
 *
 * @throws LotseError `rollout.nothing-to-undo`
 */
export function previousRelease(deployment: Deployment): string {
  const good = deployment.history.find(
    ({ status, release }) =>
      (status === "deployed" || status === "recovered") && release !== deployment.current?.release,
  );
  if (good !== undefined) return good.release;
  throw new LotseError({
    code: "rollout.nothing-to-undo",
    message: `${deployment.environment}:${deployment.tenant} has no earlier release to go back to`,
    hint: "name one with --to; lotse release list shows those there are",
  });
}
