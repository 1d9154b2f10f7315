import { setTimeout as sleep } from "node:timers/promises";
import type { DBOSExecutor } from "@dbos-inc/dbos-sdk/internal/dbos-executor";
import { wfQueueRunner } from "@dbos-inc/dbos-sdk/internal/wfqueue";

/** When queues are looked at, in milliseconds. */
const times = { lookMs: 500, longestWaitMs: 2000, longestIntervalMs: 500 } as const;

interface QueueState {
  queue: unknown;
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
  #looking: Promise<void> | null = null;
  #again = false;

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

  /**
   * Looks now, once for all who ask meanwhile, and not only at the next planned look. Looking twice at the same
   * moment does no harm: other workers do so all the time.
   */
  look(): void {
    const looking = this.#looking;
    this.#again = looking !== null;
    this.#looking ??= this.#lookAll().finally(() => {
      this.#looking = null;
      if (this.#again) this.look();
    });
  }

  async #lookAll(): Promise<void> {
    const executor = this.#executor();
    if (executor === undefined || !executor.initialized || this.#stopped.signal.aborted) return;
    const runner = wfQueueRunner as unknown as Partial<QueueRunner>;
    const queues = [...statesOf(wfQueueRunner)].map(({ queue }) => queue).filter(isShared);
    // The first worker of a database has just made the queue, which the library learns of a second later.
    if (queues.length === 0) await this.#restart();
    for (const queue of queues) await runner.pollQueue?.(executor, queue).catch(() => undefined);
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

/** What is called of the library's loop; without it the planned look finds what there is. */
interface QueueRunner {
  pollQueue(executor: DBOSExecutor, queue: unknown): Promise<unknown>;
}

/** Whether a queue is in the database, and not one that the library keeps for itself. */
function isShared(queue: unknown): boolean {
  return (queue as { databaseBacked?: boolean }).databaseBacked === true;
}

/** The library does not offer this; a version that has it elsewhere fails the test of the clock. */
function statesOf(runner: unknown): Iterable<QueueState> {
  return (runner as { states?: ReadonlyMap<string, QueueState> }).states?.values() ?? [];
}
