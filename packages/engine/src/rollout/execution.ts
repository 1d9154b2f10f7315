import { randomUUID } from "node:crypto";
import { isLotseError, LotseError } from "@lotse/core/kernel";
import type { Effect, PlanStep, RolloutDriver, RolloutRequest } from "@lotse/core/release";
import type { Database } from "../database/database.ts";
import { gateKey, type Control, type Controls } from "./controls.ts";
import { never, rest } from "./rest.ts";
import { mayPass, retryDelayMs, type RetryPolicy } from "./retries.ts";
import { showState } from "./rollout-store.ts";
import { beginStep, endStep, noteFailure, type Begun, type StepPlace } from "./step-store.ts";
import type { RolloutState, StepResult } from "./status.ts";
import { told } from "./told.ts";

/** A place in the life of a step at which a worker may die; tests make it die there. */
export type FaultPoint = "step-begun" | "step-acted" | "step-ended" | "step-recorded";

/** What executions work with, the same for all of a worker. */
export interface ExecutionParts {
  readonly database: Database;
  readonly controls: Controls;
  readonly driver: RolloutDriver;
  readonly executor: string;
  readonly retries: RetryPolicy;
  /** Called when another worker has taken over what this one was doing. */
  readonly onLost: () => void;
  /** Aborted when this worker is being closed: nothing that waits goes on here. */
  readonly closing: AbortSignal;
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

/** A step that the engine does besides those of the plan, such as planning. */
export type OwnStep = (effect: Effect) => Promise<string | undefined>;

type BegunStep = Extract<Begun, { is: "begun" }>;

/** Carries out single steps for one execution of a rollout. Nothing that is expected is thrown. */
export class Execution {
  readonly token = randomUUID();
  readonly #parts: ExecutionParts;
  readonly #request: RolloutRequest;

  constructor(parts: ExecutionParts, request: RolloutRequest) {
    this.#parts = parts;
    this.#request = request;
  }

  /**
   * Carries out a step of a plan at most once for each fence, and to its end once.
   *
   * @param undoing - what undoes is neither paused nor aborted
   */
  run(place: StepPlace, step: PlanStep, undoing: boolean): Promise<StepResult> {
    const abortable = !undoing && (step.kind !== "act" || step.abortable);
    return this.#once(place, abortable, (begun) => {
      if (step.kind === "pause") return this.#pause(place, begun.remainingMs ?? step.durationMs);
      if (step.kind === "approval") return this.#waitForApproval(place);
      return this.#attempt(place, abortable, begun.failures, (effect) =>
        this.#parts.driver.act(this.#request, step, effect),
      );
    });
  }

  /** Does what the engine does besides the plan, in the same way. */
  runOwn(place: StepPlace, abortable: boolean, act: OwnStep): Promise<StepResult> {
    return this.#once(place, abortable, (begun) => this.#attempt(place, abortable, begun.failures, act));
  }

  /** Another worker goes on with this rollout: nothing may be done or recorded here any more. */
  lost(): Promise<never> {
    this.#parts.onLost();
    return never();
  }

  /** Shows a state. */
  show(state: RolloutState): Promise<void> {
    return showState(this.#parts.database, this.#request.id, this.token, state);
  }

  async #once(
    place: StepPlace,
    abortable: boolean,
    carryOut: (begun: BegunStep) => Promise<StepResult>,
  ): Promise<StepResult> {
    const { database, closing } = this.#parts;
    if (closing.aborted) return never();
    const begun = await beginStep(database, place, randomUUID());
    if (begun.is === "lost") return this.lost();
    if (begun.is === "done") return begun.result;
    await this.#parts.onPoint?.("step-begun", place.key);
    const refused = abortable ? await this.#waitWhilePaused(begun) : null;
    const result = refused ?? (await carryOut(begun));
    await this.#parts.onPoint?.("step-acted", place.key);
    const counted = await endStep(database, place, result);
    if (counted === null) return this.lost();
    await this.#parts.onPoint?.("step-ended", place.key);
    return counted;
  }

  /** What people want before a step; the result where it must not be carried out. */
  async #waitWhilePaused(begun: BegunStep): Promise<StepResult | null> {
    if (begun.abortAsked) return abortedResult;
    if (!begun.pauseAsked) return null;
    await this.show("paused");
    const control = await this.#parts.controls.until(
      this.#request.id,
      ({ pauseAsked, abortAsked }) => abortAsked || !pauseAsked,
    );
    if (control.abortAsked) return abortedResult;
    await this.show("running");
    return null;
  }

  /**
   * Waits until the time was watched by a worker. What counts is the time that passes while one runs, by a
   * clock that nobody sets: changing the machine's clock or the database's neither skips nor lengthens it.
   */
  async #pause(place: StepPlace, durationMs: number): Promise<StepResult> {
    let remainingMs = durationMs;
    let keptMs = durationMs;
    // What an earlier execution showed may be there still, so the first look shows it in any case.
    let shown: RolloutState | null = null;
    let latest: Control = { pauseAsked: false, abortAsked: false, approved: new Set() };
    const stop = this.#parts.controls.follow(this.#request.id, (control) => {
      latest = control;
    });
    try {
      for (let now = performance.now(); remainingMs > 0;) {
        await rest(Math.min(pauseTickMs.look, remainingMs), this.#parts.closing);
        if (latest.abortAsked) return abortedResult;
        const before = now;
        now = performance.now();
        if (!latest.pauseAsked) remainingMs -= now - before;
        const state = latest.pauseAsked ? "paused" : "running";
        if (state !== shown) await this.show(state);
        shown = state;
        if (keptMs - remainingMs < pauseTickMs.keep) continue;
        keptMs = remainingMs;
        this.#parts.controls.keep({ rollout: place.rollout, key: place.key, remainingMs });
      }
      return { ok: true };
    } finally {
      stop();
    }
  }

  async #waitForApproval({ tenant, name }: StepPlace): Promise<StepResult> {
    await this.show("waiting");
    const control = await this.#parts.controls.until(
      this.#request.id,
      ({ approved, abortAsked }) => abortAsked || approved.has(gateKey(tenant, name)),
    );
    if (control.abortAsked) return abortedResult;
    await this.show("running");
    return { ok: true };
  }

  /** Tries until it succeeds, fails for good, or has failed too often. */
  async #attempt(place: StepPlace, abortable: boolean, earlier: number, act: OwnStep): Promise<StepResult> {
    const { database, retries, closing } = this.#parts;
    const abort = new AbortController();
    const stop = this.#parts.controls.follow(this.#request.id, ({ abortAsked }) => {
      if (abortable && abortAsked) abort.abort(new LotseError(interrupted));
    });
    const { rollout, environment, tenant, fence, key } = place;
    const effect = { rollout, environment, tenant, fence, key, signal: abort.signal };
    try {
      for (let failures = earlier; ;) {
        const tried = await resultOf(act(effect));
        if ("result" in tried) return tried.result;
        if (closing.aborted) return await never();
        const { error } = tried;
        if (isLotseError(error) && error.code === "rollout.fence") return await this.lost();
        if (abort.signal.aborted) return abortedResult;
        const failed = failureOf(error);
        failures += 1;
        if (!mayPass(error) || failures >= retries.tries) return failed;
        if (!(await noteFailure(database, place, failures, failed.reason))) return await this.lost();
        await rest(retryDelayMs(retries, failures), closing, abort.signal);
        if (abort.signal.aborted) return abortedResult;
      }
    } finally {
      stop();
    }
  }
}

const interrupted = { code: "rollout.interrupted", message: "the rollout was aborted" } as const;

async function resultOf(
  acting: Promise<string | undefined>,
): Promise<{ readonly result: StepResult } | { readonly error: unknown }> {
  try {
    const note = await acting;
    return { result: { ok: true, ...(note === undefined ? {} : { note: told(note) }) } };
  } catch (error) {
    return { error };
  }
}

function failureOf(error: unknown): Extract<StepResult, { ok: false }> {
  const code = isLotseError(error) ? error.code : "rollout.failed";
  const reason = error instanceof Error ? error.message : String(error);
  return { ok: false, code, reason: told(reason), aborted: false };
}
