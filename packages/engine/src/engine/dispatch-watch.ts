import { setTimeout as sleep } from "node:timers/promises";
import type { DBOSExecutor } from "@dbos-inc/dbos-sdk/internal/dbos-executor";
import { wfQueueRunner } from "@dbos-inc/dbos-sdk/internal/wfqueue";

/** When queues are looked at, in milliseconds. */
const times = { lookMs: 500, longestWaitMs: 2000, longestIntervalMs: 500 } as const;

interface QueueState {
  currentPollingMs: number;
  nextPollAt: number;
}

/**
 * Keeps DBOS looking at its queues. It plans the next look by the machine's clock, so a clock that is set back
 * by an hour stops it for an hour; and when workers get into each other's way it waits for up to two minutes.
 */
export class DispatchWatch {
  readonly #executor: () => DBOSExecutor | undefined;
  readonly #stopped = new AbortController();

  constructor(executor: () => DBOSExecutor | undefined) {
    this.#executor = executor;
  }

  /** Looks until `stop`. */
  async run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      if (isAsleep(statesOf(wfQueueRunner), Date.now())) await this.#restart();
      await sleep(times.lookMs, undefined, { signal }).catch(() => undefined);
    }
  }

  stop(): void {
    this.#stopped.abort();
  }

  /** Work under way goes on; only the loop that looks for more begins anew. */
  async #restart(): Promise<void> {
    const executor = this.#executor();
    if (executor === undefined || !executor.initialized) return;
    await executor.deactivateEventReceivers();
    await executor.stopWorkflowTimeoutSweep();
    if (!this.#stopped.signal.aborted) await executor.initEventReceivers(null);
  }
}

/** Shortens intervals that have grown, and tells whether a queue will not be looked at for too long. */
function isAsleep(states: Iterable<QueueState>, now: number): boolean {
  let asleep = false;
  for (const state of states) {
    state.currentPollingMs = Math.min(state.currentPollingMs, times.longestIntervalMs);
    asleep ||= state.nextPollAt - now > times.longestWaitMs;
  }
  return asleep;
}

/** The library does not offer this; a version that has it elsewhere fails the test of the clock. */
function statesOf(runner: unknown): Iterable<QueueState> {
  return (runner as { states?: ReadonlyMap<string, QueueState> }).states?.values() ?? [];
}
