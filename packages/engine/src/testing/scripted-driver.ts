import { LotseError } from "@lotse/core/kernel";
import type {
  ActStep,
  Effect,
  RolloutDriver,
  RolloutRequest,
  TenantEnd,
  TenantPlan,
  TenantScope,
} from "@lotse/core/release";
import { planFor } from "./requests.ts";

/** A driver that does what a test tells it, step by step. */
export class ScriptedDriver implements RolloutDriver {
  /** What was carried out, as `tenant step`. */
  readonly done: string[] = [];
  /** What was written down around it, as `tenant begun` and `tenant ended how`. */
  readonly written: string[] = [];
  /** Plans another way. */
  planAs: (request: RolloutRequest, scope: TenantScope) => TenantPlan = planFor;
  readonly #gates = new Map<string, Promise<void>>();
  readonly #failing = new Map<string, { times: number; readonly retryable: boolean }>();

  /** Holds `tenant step` until the returned function is called, or its signal is aborted. */
  hold(step: string): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gates.set(step, promise);
    return resolve;
  }

  /** Holds `tenant step` no more; who waits there already goes on waiting. */
  release(step: string): void {
    this.#gates.delete(step);
  }

  /** Makes `tenant step` fail for good, or work again. */
  fail(step: string, fails = true): void {
    if (fails) this.#failing.set(step, { times: Number.POSITIVE_INFINITY, retryable: false });
    else this.#failing.delete(step);
  }

  /** Makes `tenant step` fail so often by what may pass. */
  stumble(step: string, times: number): void {
    this.#failing.set(step, { times, retryable: true });
  }

  async plan(request: RolloutRequest, scope: TenantScope, signal: AbortSignal): Promise<TenantPlan> {
    await this.#reach(`${scope.tenant} plan`, signal);
    return this.planAs(request, scope);
  }

  async act(_: RolloutRequest, { name }: ActStep, { tenant, signal }: Effect): Promise<string | undefined> {
    const step = `${tenant} ${name}`;
    await this.#reach(step, signal);
    this.done.push(step);
    return name === "verify" ? "3 of 3 checks" : undefined;
  }

  async begun(_: RolloutRequest, { tenant }: TenantPlan): Promise<void> {
    await this.#reach(`${tenant} begin`);
    this.written.push(`${tenant} begun`);
  }

  async ended(_: RolloutRequest, { tenant }: TenantPlan, { status }: TenantEnd): Promise<void> {
    await this.#reach(`${tenant} end`);
    this.written.push(`${tenant} ended ${status}`);
  }

  async #reach(step: string, signal?: AbortSignal): Promise<void> {
    const aborted = new Promise<never>((_, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason as Error));
    });
    await Promise.race([this.#gates.get(step), aborted]);
    const failure = this.#failing.get(step);
    if (failure === undefined || failure.times === 0) return;
    failure.times -= 1;
    const name = step.split(" ")[1] ?? "";
    const { retryable } = failure;
    throw new LotseError({ code: "target.unhealthy", message: `${name} failed`, retryable });
  }
}
