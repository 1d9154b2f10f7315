import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { identify } from "@lotse/core/kernel";
import type { Database } from "../database/database.ts";
import { isConnectionLoss } from "../database/connection-loss.ts";
import { placeOfProcesses } from "./place.ts";

/** How often a worker shows that it lives, in milliseconds. */
export const beatMs = 1000;

/** An id that no other start of a process has had. */
export function newExecutorId(): string {
  return `lotse-${randomUUID()}`;
}

/**
 * The sign that this worker lives: a counter that it makes grow. A worker that was taken for dead finds its
 * lease ended, and must do nothing more.
 */
export class Lease {
  readonly #database: Database;
  readonly #executor: string;
  readonly #onLost: () => void;
  readonly #stopped = new AbortController();

  constructor(database: Database, executor: string, onLost: () => void) {
    this.#database = database;
    this.#executor = executor;
    this.#onLost = onLost;
  }

  /** Begins it; executor ids are never used twice. */
  async begin(): Promise<void> {
    const self = (await identify(process.pid)) ?? { pid: process.pid, started: null };
    await this.#database.query(
      "INSERT INTO lotse.leases (executor, host, process) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
      [this.#executor, await placeOfProcesses(), JSON.stringify(self)],
    );
  }

  /** Renews it until `stop`. While the database is away nobody can take over, so that is no reason to end. */
  async run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      try {
        const { rowCount } = await this.#database.queryOnce(
          "UPDATE lotse.leases SET beat = beat + 1 WHERE executor = $1 AND ended_at IS NULL",
          [this.#executor],
        );
        if (rowCount === 0 && !signal.aborted) return this.#onLost();
      } catch (error) {
        if (!isConnectionLoss(error) && !signal.aborted) throw error;
      }
      await sleep(beatMs, undefined, { signal }).catch(() => undefined);
    }
  }

  stop(): void {
    this.#stopped.abort();
  }

  /** Gives it back, so that others take over at once what this worker leaves. */
  async end(): Promise<void> {
    this.stop();
    await this.#database
      .queryOnce("UPDATE lotse.leases SET ended_at = clock_timestamp() WHERE executor = $1", [this.#executor])
      .catch(() => undefined);
  }
}
