import type { ActStep } from "./plan.ts";

/** What a step is carried out with. */
export interface Effect {
  readonly rollout: string;
  readonly environment: string;
  readonly tenant: string;
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

/** The port to what rollouts act on; see `targetDriver` for the one that drives targets. */
export interface RolloutDriver {
  /**
   * Carries out a step. It may be called again with the same key: after a crash, or while an earlier call by a
   * worker that was taken for dead is still under way.
   *
   * @returns a note for people
   * @throws what makes the step fail; LotseError `rollout.fence` when a newer fence was seen
   */
  act(step: ActStep, effect: Effect): Promise<string | undefined>;
}
