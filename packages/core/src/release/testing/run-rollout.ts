import { randomUUID } from "node:crypto";
import { isLotseError, LotseError, type ErrorCode } from "../../kernel/index.ts";
import type { Effect, RolloutDriver } from "../driver.ts";
import type { TenantStatus } from "../outcome.ts";
import type { TenantPlan } from "../plan.ts";
import type { RolloutRequest } from "../request.ts";
import type { PlanStep } from "../step.ts";

/** How one step went. */
interface RunStep {
  readonly name: string;
  readonly state: "done" | "failed" | "skipped";
  readonly note?: string | undefined;
}

/** How a rollout went for one tenant. */
interface RunTenant {
  readonly tenant: string;
  readonly status: TenantStatus;
  readonly code?: ErrorCode;
  readonly reason?: string;
  readonly plan?: TenantPlan;
  readonly steps: readonly RunStep[];
}

/** How a rollout went. */
export interface RunOutcome {
  readonly rollout: string;
  readonly status: "deployed" | "failed" | "aborted";
  readonly tenants: readonly RunTenant[];
}

/** How {@link runRollout} runs. */
export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  /** @defaultValue 1 */
  readonly fence?: number;
  /** Called before each step; what it throws is how the step fails. */
  readonly onStep?: ((name: string, tenant: string, step: PlanStep) => void | Promise<void>) | undefined;
  /** Called after each step that went well. */
  readonly onDone?: ((name: string, tenant: string) => void | Promise<void>) | undefined;
}

/**
 * Carries out a rollout in memory, for tests of what does the work: nothing survives, pauses are over at once,
 * and everything is approved.
 */
export async function runRollout(
  driver: RolloutDriver,
  request: RolloutRequest,
  options: RunOptions = {},
): Promise<RunOutcome> {
  const tenants: RunTenant[] = [];
  for (const tenant of request.tenants) {
    const stopped = tenants.some(({ status }) => status !== "deployed" && status !== "up-to-date");
    if (stopped || options.signal?.aborted === true) tenants.push({ tenant, status: "skipped", steps: [] });
    else tenants.push(await new Run(driver, request, tenant, options).go());
  }
  const good = tenants.every(({ status }) => status === "deployed" || status === "up-to-date");
  const bad = options.signal?.aborted === true ? "aborted" : "failed";
  return { rollout: request.id, status: good ? "deployed" : bad, tenants };
}

class Run {
  readonly steps: RunStep[] = [];
  readonly #driver: RolloutDriver;
  readonly #request: RolloutRequest;
  readonly #tenant: string;
  readonly #options: RunOptions;
  /** Part of the keys, so that trying a rollout again is not taken for repeating its steps. */
  readonly #run = randomUUID();

  constructor(driver: RolloutDriver, request: RolloutRequest, tenant: string, options: RunOptions) {
    this.#driver = driver;
    this.#request = request;
    this.#tenant = tenant;
    this.#options = options;
  }

  async go(): Promise<RunTenant> {
    const scope = { environment: this.#request.environment, tenant: this.#tenant };
    let plan: TenantPlan;
    try {
      plan = await this.#driver.plan(this.#request, scope, this.#signal());
    } catch (error) {
      return { tenant: this.#tenant, status: "failed", steps: [], ...told(error) };
    }
    if (plan.steps.length === 0) return { tenant: this.#tenant, status: "up-to-date", plan, steps: [] };
    await this.#driver.begun(this.#request, plan, this.#effect("begin"));
    const { failure, undoes } = await this.#forward(plan);
    let status: TenantStatus = "deployed";
    let end: { code?: ErrorCode; reason?: string } = failure === null ? {} : told(failure);
    if (undoes) {
      const broken = await this.#undo(plan);
      status = broken === null && plan.from !== undefined ? "rolled-back" : "failed";
      if (broken !== null) end = { ...end, reason: `${told(failure).reason}; and ${broken}` };
    }
    await this.#driver.ended(this.#request, plan, { status, reason: end.reason }, this.#effect("end"));
    return { tenant: this.#tenant, status, plan, steps: this.steps, ...end };
  }

  async #forward(plan: TenantPlan): Promise<{ failure: unknown; undoes: boolean }> {
    let failure: unknown = null;
    let undoes = false;
    for (const [at, step] of plan.steps.entries()) {
      if (undoes) {
        this.steps.push({ name: step.name, state: "skipped" });
        continue;
      }
      try {
        await this.#step(step, at, step.kind !== "act" || step.abortable);
      } catch (error) {
        failure ??= error;
        undoes = this.#isAborted() || step.kind !== "act" || step.onFailure === "undo";
      }
    }
    return { failure, undoes };
  }

  async #undo(plan: TenantPlan): Promise<string | null> {
    let broken: string | null = null;
    for (const [at, step] of plan.undo.entries()) {
      try {
        await this.#step(step, plan.steps.length + at, false);
      } catch (error) {
        if (step.onFailure === "continue") continue;
        broken = `${step.name} failed: ${told(error).reason}`;
        break;
      }
    }
    return broken;
  }

  async #step(step: PlanStep, at: number, abortable: boolean): Promise<void> {
    try {
      await this.#options.onStep?.(step.name, this.#tenant, step);
      if (abortable) this.#signal().throwIfAborted();
      const effect = { ...this.#effect(`${at}-${step.name}`), signal: this.#signal(abortable) };
      const note = step.kind === "act" ? await this.#driver.act(this.#request, step, effect) : undefined;
      this.steps.push({ name: step.name, state: "done", ...(note === undefined ? {} : { note }) });
    } catch (error) {
      this.steps.push({ name: step.name, state: "failed" });
      if (abortable && this.#isAborted()) {
        throw new LotseError({ code: "rollout.interrupted", message: "the rollout was aborted" });
      }
      throw error;
    }
    await this.#options.onDone?.(step.name, this.#tenant);
  }

  #isAborted(): boolean {
    return this.#options.signal?.aborted === true;
  }

  #signal(abortable = true): AbortSignal {
    return (abortable ? this.#options.signal : undefined) ?? new AbortController().signal;
  }

  #effect(name: string): Omit<Effect, "signal"> {
    const { id, environment } = this.#request;
    const key = `${id}.${this.#run}/${this.#tenant}/${name}`;
    return { rollout: id, environment, tenant: this.#tenant, fence: this.#options.fence ?? 1, key };
  }
}

function told(error: unknown): { code: ErrorCode; reason: string } {
  const reason = error instanceof Error ? error.message : String(error);
  return { code: isLotseError(error) ? error.code : "rollout.failed", reason };
}
