import { isLotseError, type Clock } from "../kernel/index.ts";
import type { Slot } from "./names.ts";
import type { RolloutEvent, RunStepName, StepOutcome } from "./outcome.ts";
import type { Payload, Target } from "./target.ts";
import type { StepName } from "./strategies/strategy.ts";
import { allTo } from "./weights.ts";

type EventBody = RolloutEvent extends infer E
  ? E extends RolloutEvent
    ? Omit<E, "at" | "tenant">
    : never
  : never;

/** Runs steps one by one, writes down how each went and tells about it. */
export class StepRunner {
  readonly steps: StepOutcome[] = [];
  readonly #tenant: string;
  readonly #clock: Clock;
  readonly #onEvent: (event: RolloutEvent) => void;

  constructor(tenant: string, clock: Clock, onEvent: (event: RolloutEvent) => void) {
    this.#tenant = tenant;
    this.#clock = clock;
    this.#onEvent = onEvent;
  }

  /** Milliseconds on the clock. */
  now(): number {
    return this.#clock.now().getTime();
  }

  /** Tells about something. */
  emit(body: EventBody): void {
    this.#onEvent({ at: this.#clock.now().toISOString(), tenant: this.#tenant, ...body });
  }

  /** Writes down that a step was not done. */
  skip(name: RunStepName): void {
    this.steps.push({ name, state: "skipped" });
  }

  /**
   * Runs a step; what it throws is written down and thrown on.
   *
   * @param act - does it and may return a note for people
   */
  async run(name: RunStepName, act: () => Promise<string | undefined>): Promise<void> {
    const startedAt = this.#clock.now();
    this.emit({ type: "step-started", step: name });
    const elapsed = (): number => this.now() - startedAt.getTime();
    try {
      const note = await act();
      const durationMs = elapsed();
      this.steps.push({ name, state: "done", startedAt: startedAt.toISOString(), durationMs });
      this.emit({ type: "step-finished", step: name, durationMs, ...(note === undefined ? {} : { note }) });
    } catch (error) {
      const reason = reasonOf(error);
      const at = startedAt.toISOString();
      this.steps.push({ name, state: "failed", startedAt: at, durationMs: elapsed(), error: reason });
      this.emit({ type: "step-failed", step: name, reason });
      throw error;
    }
  }
}

/** The sentence that says why something failed, at most 4,000 characters. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const kind = isLotseError(error) || !(error instanceof Error) ? "" : `${error.name}: `;
  return `${kind}${text}`.slice(0, 4000);
}

/** Does one planned step on a target. */
export async function actStep(
  target: Target,
  name: StepName,
  slot: Slot,
  payload: Payload,
  signal: AbortSignal,
): Promise<string | undefined> {
  switch (name) {
    case "prepare":
      await target.prepare(slot, payload, { signal });
      break;
    case "start":
      await target.start(slot, { signal });
      break;
    case "wait-healthy":
      await target.waitHealthy(slot, { signal });
      break;
    case "switch":
      await target.route(slot, allTo(slot.colour));
      break;
    case "verify":
      await target.verify(slot, { signal });
      break;
    case "drain": {
      const { remaining } = await target.drain(slot, { signal });
      return remaining === 0 ? undefined : `${remaining} still open when the drain time was over`;
    }
    case "retire":
      await target.retire(slot);
      break;
  }
  return undefined;
}
