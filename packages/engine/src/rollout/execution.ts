import { randomUUID } from "node:crypto";
import { isLotseError, LotseError } from "@lotse/core/kernel";
import type { Database } from "../database/database.ts";
import type { Control, Controls } from "./controls.ts";
import type { RolloutDriver } from "./driver.ts";
import type { ActStep, PlanStep } from "./plan.ts";
import { showState } from "./rollout-store.ts";
import { beginStep, endStep, keepRemaining, type StepPlace } from "./step-store.ts";
import type { RolloutState, StepResult } from "./status.ts";

/** A place in the life of a step at which a worker may die; tests make it die there. */
export type FaultPoint = "step-begun" | "step-acted" | "step-ended" | "step-recorded";

/** What executions work with, the same for all of a worker. */
export interface ExecutionParts {
  readonly database: Database;
  readonly controls: Controls;
  readonly driver: RolloutDriver;
  readonly executor: string;
  /** Called when another worker has taken over what this one was doing. */
  readonly onLost: () => void;
  readonly onPoint?: ((point: FaultPoint, key: string) => Promise<void> | void) | undefined;
}

/** How often a pause looks at the time, and how often it writes down what it has left. */
const pauseTickMs = { look: 100, keep: 1000 } as const;

/** The result of a step that was not carried out because somebody wants the rollout aborted. */
const abortedResult: StepResult = {
  ok: false,
  code: "rollout.interrupted",
  reason: "the rollout was aborted",
  aborted: true,
};

/** Carries out single steps for one execution of a rollout. Nothing that is expected is thrown. */
export class Execution {
  readonly token = randomUUID();
  readonly #parts: ExecutionParts;
  readonly #rollout: string;

  constructor(parts: ExecutionParts, rollout: string) {
    this.#parts = parts;
    this.#rollout = rollout;
  }

  /**
   * Carries out a step at most once for each fence, and to its end once.
   *
   * @param undoing - what undoes is neither paused nor aborted
   */
  async run(place: StepPlace, step: PlanStep, undoing: boolean): Promise<StepResult> {
    const { database } = this.#parts;
    const begun = await beginStep(database, place, randomUUID());
    if (begun.is === "lost") return this.lost();
    if (begun.is === "done") return begun.result;
    await this.#parts.onPoint?.("step-begun", place.key);
    const abortable = !undoing && (step.kind !== "act" || step.abortable);
    const result = await this.#carryOut(place, step, abortable, begun);
    await this.#parts.onPoint?.("step-acted", place.key);
    const counted = await endStep(database, place, result);
    if (counted === null) return this.lost();
    await this.#parts.onPoint?.("step-ended", place.key);
    return counted;
  }

  /** Another worker goes on with this rollout: nothing may be done or recorded here any more. */
  lost(): Promise<never> {
    this.#parts.onLost();
    return new Promise(() => undefined);
  }

  /** Shows a state. */
  show(state: RolloutState): Promise<void> {
    return showState(this.#parts.database, this.#rollout, this.token, state);
  }

  async #carryOut(
    place: StepPlace,
    step: PlanStep,
    abortable: boolean,
    begun: {
      readonly pauseAsked: boolean;
      readonly abortAsked: boolean;
      readonly remainingMs: number | null;
    },
  ): Promise<StepResult> {
    if (abortable && begun.abortAsked) return abortedResult;
    if (abortable && begun.pauseAsked) {
      await this.show("paused");
      const control = await this.#parts.controls.until(
        this.#rollout,
        ({ pauseAsked, abortAsked }) => abortAsked || !pauseAsked,
      );
      if (control.abortAsked) return abortedResult;
      await this.show("running");
    }
    if (step.kind === "pause") return this.#pause(place, begun.remainingMs ?? step.durationMs);
    return step.kind === "approval" ? this.#waitForApproval(step.name) : this.#act(place, step, abortable);
  }

  /**
   * Waits until the time was watched by a worker. What counts is the time that passes while one runs, by a
   * clock that nobody sets: changing the machine's clock or the database's neither skips nor lengthens it.
   */
  async #pause(place: StepPlace, durationMs: number): Promise<StepResult> {
    let remainingMs = durationMs;
    let keptMs = durationMs;
    let latest: Control = { pauseAsked: false, abortAsked: false, approved: new Set() };
    const stop = this.#parts.controls.follow(this.#rollout, (control) => {
      latest = control;
    });
    try {
      for (let now = performance.now(); remainingMs > 0;) {
        await sleepFor(Math.min(pauseTickMs.look, remainingMs));
        if (latest.abortAsked) return abortedResult;
        const before = now;
        now = performance.now();
        if (!latest.pauseAsked) remainingMs -= now - before;
        await this.show(latest.pauseAsked ? "paused" : "running");
        if (keptMs - remainingMs < pauseTickMs.keep) continue;
        keptMs = remainingMs;
        await keepRemaining(this.#parts.database, place, remainingMs);
      }
      return { ok: true };
    } finally {
      stop();
    }
  }

  async #waitForApproval(gate: string): Promise<StepResult> {
    await this.show("waiting");
    const control = await this.#parts.controls.until(
      this.#rollout,
      ({ approved, abortAsked }) => abortAsked || approved.has(gate),
    );
    if (control.abortAsked) return abortedResult;
    await this.show("running");
    return { ok: true };
  }

  async #act(place: StepPlace, step: ActStep, abortable: boolean): Promise<StepResult> {
    const abort = new AbortController();
    const stop = this.#parts.controls.follow(this.#rollout, ({ abortAsked }) => {
      if (abortable && abortAsked) abort.abort(new LotseError(interrupted));
    });
    const { rollout, environment, tenant, fence, key } = place;
    try {
      const effect = { rollout, environment, tenant, fence, key, signal: abort.signal };
      const note = await this.#parts.driver.act(step, effect);
      return { ok: true, ...(note === undefined ? {} : { note: note.slice(0, 4000) }) };
    } catch (error) {
      if (isLotseError(error) && error.code === "rollout.fence") return this.lost();
      if (abort.signal.aborted) return abortedResult;
      const code = isLotseError(error) ? error.code : "rollout.failed";
      const reason = error instanceof Error ? error.message : String(error);
      return { ok: false, code, reason: reason.slice(0, 4000), aborted: false };
    } finally {
      stop();
    }
  }
}

const interrupted = { code: "rollout.interrupted", message: "the rollout was aborted" } as const;

function sleepFor(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
