import type { Rollouts } from "../rollout/rollouts.ts";
import type { RolloutStatus } from "../rollout/status.ts";

/**
 * Waits until a rollout is as a test wants it.
 *
 * @throws Error when it ends before
 */
export async function untilStatus(
  rollouts: Rollouts,
  id: string,
  predicate: (status: RolloutStatus) => boolean,
): Promise<RolloutStatus> {
  for await (const status of rollouts.watch(id, { intervalMs: 20 })) if (predicate(status)) return status;
  throw new Error(`${id} ended before`);
}
