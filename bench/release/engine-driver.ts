import type {
  ActStep,
  Effect,
  RolloutDriver,
  RolloutRequest,
  TenantPlan,
  TenantScope,
} from "@lotse/core/release";
import { planFor } from "../../packages/engine/src/testing/requests.ts";

/** When a step of a rollout began and ended, by `performance.now()`. */
export interface Timed {
  readonly step: string;
  readonly from: number;
  readonly to: number;
}

/** A driver that does nothing and notes when it was asked: what is measured is the engine. */
export class TimingDriver implements RolloutDriver {
  /** By rollout. */
  readonly planned = new Map<string, number>();
  readonly acts = new Map<string, Timed[]>();

  plan(request: RolloutRequest, scope: TenantScope): Promise<TenantPlan> {
    this.planned.set(request.id, performance.now());
    return Promise.resolve(planFor(request, scope));
  }

  act({ id }: RolloutRequest, { name }: ActStep, { signal }: Effect): Promise<undefined> {
    signal.throwIfAborted();
    const now = performance.now();
    const acts = this.acts.get(id) ?? [];
    acts.push({ step: name, from: now, to: performance.now() });
    this.acts.set(id, acts);
    return Promise.resolve(undefined);
  }

  begun(): Promise<void> {
    return Promise.resolve();
  }

  ended(): Promise<void> {
    return Promise.resolve();
  }
}
