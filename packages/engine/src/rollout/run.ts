import type { Effect, TenantPlan, TenantScope } from "@lotse/core/release";
import type { Execution, ExecutionParts, OwnStep } from "./execution.ts";
import { keyOf } from "./keys.ts";
import { finishRollout, keepOutcome, loadRollout, type StoredRollout } from "./rollout-store.ts";
import { ordinals } from "./ordinals.ts";
import type { StepPlace } from "./step-store.ts";
import type { RolloutState, StepKind, StepResult, TenantOutcome } from "./status.ts";
import { checkPlan, loadPlan, loadUnfinishedPlan, storePlan } from "./tenant-plan.ts";
import { told } from "./told.ts";
import type { Durably } from "./workflow.ts";

type Failure = Extract<StepResult, { ok: false }>;

/** What one execution of a run works with. */
export interface RunParts {
  readonly parts: ExecutionParts;
  readonly durably: Durably;
  readonly execution: Execution;
  readonly rollout: StoredRollout;
  /** By tenant. */
  readonly fences: ReadonlyMap<string, number>;
}

/** One execution of a run: tenant after tenant, each planned when its turn has come. */
export class Run {
  readonly #parts: ExecutionParts;
  readonly #durably: Durably;
  readonly #execution: Execution;
  readonly #rollout: StoredRollout;
  readonly #fences: ReadonlyMap<string, number>;

  constructor({ parts, durably, execution, rollout, fences }: RunParts) {
    this.#parts = parts;
    this.#durably = durably;
    this.#execution = execution;
    this.#rollout = rollout;
    this.#fences = fences;
  }

  /** @returns how it ended */
  async carryOut(): Promise<RolloutState> {
    // Those of this run are among them after a crash: what was good would come out the same again.
    const { request, outcomes: before } = this.#rollout;
    const outcomes: Record<string, TenantOutcome> = {};
    let stopped: "failed" | "aborted" | null = null;
    for (const tenant of request.tenants) {
      const earlier = before[tenant];
      if (earlier !== undefined && isGood(earlier)) outcomes[tenant] = earlier;
      else if (stopped !== null) outcomes[tenant] = { status: "skipped" };
      else {
        const outcome = await this.#tenant(tenant);
        outcomes[tenant] = outcome;
        if (outcome.code === "rollout.interrupted") stopped = "aborted";
        else if (!isGood(outcome)) stopped = "failed";
      }
    }
    const state = stopped ?? "deployed";
    return this.#durably("finish", async () => {
      const { database } = this.#parts;
      const done = await finishRollout(database, this.#rollout, this.#execution.token, state, outcomes);
      if (!done && (await loadRollout(database, request.id))?.ended !== true) return this.#execution.lost();
      return state;
    });
  }

  async #tenant(tenant: string): Promise<TenantOutcome> {
    const outcome = await this.#rollOut(tenant);
    await keepOutcome(this.#parts.database, this.#rollout.request.id, tenant, outcome);
    return outcome;
  }

  async #rollOut(tenant: string): Promise<TenantOutcome> {
    const planned = await this.#plan(tenant);
    const { request, run } = this.#rollout;
    if (!planned.ok) {
      const { aborted, code, reason } = planned;
      const left = aborted
        ? await loadUnfinishedPlan(this.#parts.database, request.id, run, tenant)
        : undefined;
      if (left !== undefined) return this.#end(left, await this.#undo(left, planned));
      return { status: aborted ? "skipped" : "failed", code, reason };
    }
    // It does not change, so reading it again gives what was decided on before.
    const plan = await loadPlan(this.#parts.database, request.id, run, tenant);
    if (plan.steps.length === 0) return { status: "up-to-date" };
    return this.#end(plan, await this.#act(plan));
  }

  async #end(plan: TenantPlan, outcome: TenantOutcome): Promise<TenantOutcome> {
    const { request } = this.#rollout;
    const ended = await this.#own(plan.tenant, "end", false, (effect) =>
      this.#parts.driver.ended(request, plan, outcome, bare(effect)).then(() => undefined),
    );
    if (ended.ok) return outcome;
    const unwritten = `how it ended could not be written down: ${ended.reason}`;
    const reason = outcome.reason === undefined ? unwritten : `${unwritten}; ${outcome.reason}`;
    return { code: ended.code, ...outcome, reason: told(reason) };
  }

  #plan(tenant: string): Promise<StepResult> {
    const { request } = this.#rollout;
    const { database, driver } = this.#parts;
    return this.#own(tenant, "plan", true, async (effect) => {
      const plan = checkPlan(await driver.plan(request, scopeOf(effect), effect.signal), tenant);
      const there = await storePlan(
        database,
        this.#place(tenant, ordinals.plan, "plan", "bookkeeping"),
        plan,
      );
      return there ? undefined : this.#execution.lost();
    });
  }

  async #act(plan: TenantPlan): Promise<TenantOutcome> {
    const { tenant, from } = plan;
    const { request } = this.#rollout;
    const begun = await this.#own(tenant, "begin", false, (effect) =>
      this.#parts.driver.begun(request, plan, bare(effect)).then(() => undefined),
    );
    // Nothing was touched, so there is nothing to undo.
    if (!begun.ok) {
      const status = from === undefined ? "failed" : "rolled-back";
      return { status, code: begun.code, reason: begun.reason };
    }
    let noted: Failure | null = null;
    for (const [ordinal, step] of plan.steps.entries()) {
      const place = this.#place(tenant, ordinal, step.name, step.kind);
      const result = await this.#step(place, () => this.#execution.run(place, step, false));
      if (result.ok) continue;
      if (result.aborted || step.kind !== "act" || step.onFailure === "undo") return this.#undo(plan, result);
      noted ??= result;
    }
    if (noted === null) return { status: "deployed" };
    return { status: "deployed", code: noted.code, reason: noted.reason };
  }

  async #undo({ tenant, from, steps, undo }: TenantPlan, failure: Failure): Promise<TenantOutcome> {
    if (failure.aborted) await this.#execution.show("aborting");
    let { reason } = failure;
    let good = true;
    for (const [at, step] of undo.entries()) {
      const place = this.#place(tenant, steps.length + at, step.name, "undo");
      const result = await this.#step(place, () => this.#execution.run(place, step, true));
      if (result.ok) continue;
      good = false;
      reason = `${reason}; and ${step.name} failed: ${result.reason}`;
      if (step.onFailure === "undo") break;
    }
    const status = good && from !== undefined ? "rolled-back" : "failed";
    return { status, code: failure.code, reason: told(reason) };
  }

  #own(tenant: string, name: keyof typeof ordinals, abortable: boolean, act: OwnStep): Promise<StepResult> {
    const place = this.#place(tenant, ordinals[name], name, "bookkeeping");
    return this.#step(place, () => this.#execution.runOwn(place, abortable, act));
  }

  async #step(place: StepPlace, act: () => Promise<StepResult>): Promise<StepResult> {
    const result = await act();
    await this.#parts.onPoint?.("step-recorded", place.key);
    return result;
  }

  #place(tenant: string, ordinal: number, name: string, kind: StepKind): StepPlace {
    const { request, run } = this.#rollout;
    return {
      rollout: request.id,
      environment: request.environment,
      tenant,
      run,
      ordinal,
      name,
      kind,
      key: keyOf(request.id, run, tenant, ordinal, name),
      fence: this.#fences.get(tenant) ?? 0,
    };
  }
}

/** Whether a retry leaves the tenant as it is. */
function isGood({ status }: TenantOutcome): boolean {
  return status === "deployed" || status === "up-to-date";
}

function scopeOf({ environment, tenant }: Effect): TenantScope {
  return { environment, tenant };
}

function bare({ rollout, environment, tenant, fence, key }: Effect): Omit<Effect, "signal"> {
  return { rollout, environment, tenant, fence, key };
}
