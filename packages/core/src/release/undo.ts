import type { Slot } from "./names.ts";
import type { LegacyTenantPlan as TenantPlan } from "./legacy-plan.ts";
import type { Placement } from "./plan.ts";
import { reasonOf, type StepRunner } from "./step-runner.ts";
import type { Target } from "./target.ts";
import { allTo } from "./weights.ts";

/** How undoing went. */
export interface Undone {
  readonly ok: boolean;
  readonly rollbackMs: number;
  /** Why it did not go well. */
  readonly reason?: string;
}

/**
 * Undoes a tenant's rollout, wherever it broke off: the earlier release gets all traffic (nobody does, if
 * there was none), then the new colour is removed. It asks the target where the traffic goes rather than
 * guess from the last step, for that step's answer may have been lost.
 */
export async function undo(
  runner: StepRunner,
  target: Target,
  environment: string,
  { tenant, from, to }: TenantPlan,
  reason: string,
): Promise<Undone> {
  const startedAt = runner.now();
  const elapsed = (): number => runner.now() - startedAt;
  runner.emit({ type: "undo-started", reason });
  const slot = (colour: Slot["colour"]): Slot => ({ environment, tenant, colour });
  try {
    await runner.run("restore", () => restore(target, slot(to.colour), from));
  } catch (error) {
    return {
      ok: false,
      rollbackMs: elapsed(),
      reason: `the traffic could not be given back: ${reasonOf(error)}`,
    };
  }
  try {
    await runner.run("discard", async () => {
      await target.retire(slot(to.colour));
      return undefined;
    });
  } catch (error) {
    return { ok: false, rollbackMs: elapsed(), reason: `the new colour is still there: ${reasonOf(error)}` };
  }
  return { ok: true, rollbackMs: elapsed() };
}

async function restore(target: Target, slot: Slot, from: Placement | undefined): Promise<string | undefined> {
  const state = await target.inspect(slot);
  if (state.active === (from?.colour ?? null)) return "the traffic had not moved";
  if (from === undefined) {
    await target.route(slot, allTo(null));
    return undefined;
  }
  const old = { ...slot, colour: from.colour };
  const running = state.colours.find(({ colour }) => colour === from.colour)?.state === "running";
  if (!running) {
    await target.start(old);
    await target.waitHealthy(old);
  }
  await target.route(slot, allTo(from.colour));
  return undefined;
}
