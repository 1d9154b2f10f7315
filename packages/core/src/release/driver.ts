import type { TenantScope } from "./names.ts";
import type { TenantPlan } from "./plan.ts";
import type { RolloutRequest } from "./request.ts";
import type { ActStep } from "./step.ts";
import type { TenantStatus } from "./outcome.ts";

/** What a step is carried out with. */
export interface Effect extends TenantScope {
  readonly rollout: string;
  /**
   * Grows each time the lock of this tenant and environment is taken. Whoever has seen a newer one refuses
   * with the error `rollout.fence`.
   */
  readonly fence: number;
  /**
   * The same when a step is repeated after a crash, different for every other step. Whoever has seen it
   * before has nothing more to do.
   */
  readonly key: string;
  /** Aborted when somebody wants the rollout aborted. */
  readonly signal: AbortSignal;
}

/** How a rollout ended for a tenant. */
export interface TenantEnd {
  readonly status: TenantStatus;
  readonly reason?: string | undefined;
}

/** The port from what carries out rollouts durably to what they act on. */
export interface RolloutDriver {
  /**
   * Plans a tenant when its turn has come and its lock is held: what it runs now decides. Called once for
   * each run of a rollout; the plan is remembered.
   */
  plan(request: RolloutRequest, scope: TenantScope, signal: AbortSignal): Promise<TenantPlan>;
  /**
   * Carries out a step. It may be called again with the same key: after a crash, or while an earlier call by a
   * worker that was taken for dead is still under way.
   *
   * @returns a note for people
   * @throws what makes the step fail; LotseError `rollout.fence` when a newer fence was seen
   */
  act(request: RolloutRequest, step: ActStep, effect: Effect): Promise<string | undefined>;
  /** Writes down that a tenant's part begins. May be called again. */
  begun(request: RolloutRequest, plan: TenantPlan, effect: Omit<Effect, "signal">): Promise<void>;
  /** Writes down how a tenant's part ended. May be called again. */
  ended(
    request: RolloutRequest,
    plan: TenantPlan,
    end: TenantEnd,
    effect: Omit<Effect, "signal">,
  ): Promise<void>;
}
