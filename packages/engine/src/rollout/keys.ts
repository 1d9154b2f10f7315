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
 * The partition of the queue: rollouts of one tenant follow each other in one. A rollout of several tenants
 * has one of its own, and waits for its locks itself.
 */
export function partitionOf({ id, environment, tenants }: RolloutRequest): string {
  const [first] = tenants;
  if (tenants.length === 1 && first !== undefined) return `${environment}/${first}`;
  return `${environment}/*${createHash("sha256").update(id).digest("hex").slice(0, 16)}`;
}
