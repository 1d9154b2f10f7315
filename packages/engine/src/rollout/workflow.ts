import { takeFences, takeLocks } from "./locks.ts";
import { Execution, type ExecutionParts } from "./execution.ts";
import { keyOf, type ActStep, type PlanStep, type TenantSteps } from "./plan.ts";
import { finishRollout, keepOutcome, loadRollout, type StoredRollout } from "./rollout-store.ts";
import type { RolloutState, StepResult, TenantOutcome } from "./status.ts";

/** Runs a function once and remembers its result: after a crash the remembered result is given. */
export type Durably = <T>(name: string, act: () => Promise<T>) => Promise<T>;

/** How often a rollout of several tenants looks whether its turn has come, in milliseconds. */
const turnMs = 100;

/**
 * Carries out a run of a rollout. This is what is repeated after a crash: it asks for the same steps in the
 * same order each time, decides by nothing but their remembered results, and throws nothing that is expected.
 */
export async function runRollout(
  parts: ExecutionParts,
  durably: Durably,
  id: string,
  run: number,
): Promise<RolloutState | "ended"> {
  const rollout = await loadRollout(parts.database, id);
  if (rollout === null) return "ended";
  const turn = await durably("lock", () => waitForTurn(parts, id));
  if (turn === "ended") return "ended";
  const execution = new Execution(parts, id);
  // Not remembered: each execution takes fences of its own.
  const fences = await takeFences(parts.database, id, parts.executor, execution.token);
  const work = new Work(parts, durably, execution, { ...rollout, run }, fences);
  return work.run();
}

async function waitForTurn({ database }: ExecutionParts, id: string): Promise<"held" | "ended"> {
  for (;;) {
    const answer = await takeLocks(database, id);
    if (answer !== "wait") return answer;
    await new Promise((resolve) => {
      setTimeout(resolve, turnMs);
    });
  }
}

/** One execution of a run. */
class Work {
  readonly #parts: ExecutionParts;
  readonly #durably: Durably;
  readonly #execution: Execution;
  readonly #rollout: StoredRollout;
  readonly #fences: ReadonlyMap<string, number>;

  constructor(
    parts: ExecutionParts,
    durably: Durably,
    execution: Execution,
    rollout: StoredRollout,
    fences: ReadonlyMap<string, number>,
  ) {
    this.#parts = parts;
    this.#durably = durably;
    this.#execution = execution;
    this.#rollout = rollout;
    this.#fences = fences;
  }

  async run(): Promise<RolloutState> {
    const before = await this.#durably("earlier", () => Promise.resolve(this.#rollout.outcomes));
    const outcomes: Record<string, TenantOutcome> = {};
    let stopped: "failed" | "aborted" | null = null;
    for (const tenant of this.#rollout.plan.tenants) {
      const earlier = before[tenant.tenant];
      if (earlier?.state === "deployed") outcomes[tenant.tenant] = earlier;
      else if (stopped !== null) outcomes[tenant.tenant] = { state: "skipped" };
      else {
        const outcome = await this.#tenant(tenant);
        outcomes[tenant.tenant] = outcome;
        if (outcome.code === "rollout.interrupted") stopped = "aborted";
        else if (outcome.state !== "deployed") stopped = "failed";
      }
    }
    const state = stopped ?? "deployed";
    return this.#durably("finish", async () => {
      const { database } = this.#parts;
      const done = await finishRollout(database, this.#rollout, this.#execution.token, state, outcomes);
      if (!done && (await loadRollout(database, this.#rollout.plan.id))?.ended !== true)
        return this.#execution.lost();
      return state;
    });
  }

  async #tenant(tenant: TenantSteps): Promise<TenantOutcome> {
    let noted: { code: TenantOutcome["code"]; reason: string } | null = null;
    let failure: Extract<StepResult, { ok: false }> | null = null;
    for (const [ordinal, step] of tenant.steps.entries()) {
      const result = await this.#step(tenant, ordinal, step, false);
      if (result.ok) continue;
      const undoes = result.aborted || step.kind !== "act" || step.onFailure === "undo";
      if (undoes) {
        failure = result;
        break;
      }
      noted ??= { code: result.code, reason: result.reason };
    }
    const outcome: TenantOutcome =
      failure === null
        ? { state: "deployed", ...(noted === null ? {} : clean(noted)) }
        : await this.#undo(tenant, failure);
    await this.#durably(`${tenant.tenant}/outcome`, async () => {
      await keepOutcome(this.#parts.database, this.#rollout.plan.id, tenant.tenant, outcome);
      return null;
    });
    return outcome;
  }

  async #undo(tenant: TenantSteps, failure: Extract<StepResult, { ok: false }>): Promise<TenantOutcome> {
    if (failure.aborted) await this.#execution.show("aborting");
    let { reason } = failure;
    let good = true;
    for (const [at, step] of tenant.undo.entries()) {
      const result = await this.#step(tenant, tenant.steps.length + at, step, true);
      if (result.ok) continue;
      good = false;
      reason = `${reason}; and ${step.name} failed: ${result.reason}`;
      if (step.onFailure === "undo") break;
    }
    const state = good && tenant.hasPrevious ? "rolled-back" : "failed";
    return { state, code: failure.code, reason: reason.slice(0, 4000) };
  }

  async #step(
    { tenant }: TenantSteps,
    ordinal: number,
    step: PlanStep | ActStep,
    undoing: boolean,
  ): Promise<StepResult> {
    const { plan, run } = this.#rollout;
    const key = keyOf(plan.id, run, tenant, ordinal, step.name);
    const place = {
      rollout: plan.id,
      environment: plan.environment,
      tenant,
      run,
      ordinal,
      name: step.name,
      key,
      fence: this.#fences.get(tenant) ?? 0,
    };
    const result = await this.#durably(`${tenant}/${ordinal}-${step.name}`, () =>
      this.#execution.run(place, step, undoing),
    );
    await this.#parts.onPoint?.("step-recorded", key);
    return result;
  }
}

function clean(noted: { code: TenantOutcome["code"]; reason: string }): Partial<TenantOutcome> {
  return { reason: noted.reason, ...(noted.code === undefined ? {} : { code: noted.code }) };
}
