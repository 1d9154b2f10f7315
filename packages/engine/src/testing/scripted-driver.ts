import { LotseError } from "@lotse/core/kernel";
import type { Effect, RolloutDriver } from "../rollout/driver.ts";
import type { ActStep } from "../rollout/plan.ts";

/** A driver that does what a test tells it, step by step. */
export class ScriptedDriver implements RolloutDriver {
  /** What was carried out, as `tenant step`. */
  readonly done: string[] = [];
  readonly #gates = new Map<string, Promise<void>>();
  readonly #failing = new Set<string>();

  /** Holds `tenant step` until the returned function is called, or its signal is aborted. */
  hold(step: string): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gates.set(step, promise);
    return resolve;
  }

  /** Makes `tenant step` fail, or work again. */
  fail(step: string, fails = true): void {
    if (fails) this.#failing.add(step);
    else this.#failing.delete(step);
  }

  async act({ name }: ActStep, { tenant, signal }: Effect): Promise<string | undefined> {
    const step = `${tenant} ${name}`;
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason as Error));
    });
    await Promise.race([this.#gates.get(step), aborted]);
    if (this.#failing.has(step))
      throw new LotseError({ code: "target.unhealthy", message: `${name} failed` });
    this.done.push(step);
    return name === "verify" ? "3 of 3 checks" : undefined;
  }
}
