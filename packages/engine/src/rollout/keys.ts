import { createHash } from "node:crypto";
import type { RolloutRequest } from "@lotse/core/release";

/**
 * The idempotency key of a step: the same whenever this step of this run of this rollout is carried out, and
 * different from that of every other.
 */
export function keyOf(rollout: string, run: number, tenant: string, ordinal: number, name: string): string {
  return `${rollout}.${run}/${tenant}/${ordinal}-${name}`;
}

/**
 * The partition of the queue, one for each run. Rollouts of a tenant follow each other by their locks, in the
 * order of their places; a partition in which they waited for each other in another order would never go on.
 */
export function partitionOf({ id, environment }: RolloutRequest, run: number): string {
  return `${environment}/${createHash("sha256").update(`${id}.${run}`).digest("hex").slice(0, 32)}`;
}
