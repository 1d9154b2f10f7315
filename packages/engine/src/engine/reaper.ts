import { setTimeout as sleep } from "node:timers/promises";
import { isRunning, processIdentitySchema } from "@lotse/core/kernel";
import { isConnectionLoss } from "../database/connection-loss.ts";
import type { Database } from "../database/database.ts";
import { dbosSchema } from "../database/migrate.ts";
import { placeOfProcesses } from "./place.ts";

/** How long a worker may show no sign of life, and how often the others look, in milliseconds. */
export const leaseTimes = { expiryMs: 6000, lookMs: 500 } as const;

interface Seen {
  readonly beat: string;
  /** For how long we have watched the counter stand still. */
  silentMs: number;
}

interface LeaseRow {
  executor: string;
  host: string;
  process: unknown;
  beat: string;
}

/** What a {@link Reaper} works with. */
export interface ReaperParts {
  readonly database: Database;
  readonly executor: string;
  /** Hands the work of executors to whoever is there. */
  readonly recover: (executors: readonly string[]) => Promise<void>;
}

/**
 * Finds workers that died, ends their leases, and hands on their work. Every worker runs one; doing it twice
 * has the effect of doing it once. Nobody's clock is compared with another's: a reaper measures by its own how
 * long a counter stands still.
 */
export class Reaper {
  readonly #parts: ReaperParts;
  readonly #seen = new Map<string, Seen>();
  readonly #stopped = new AbortController();
  #place: string | null = null;

  constructor(parts: ReaperParts) {
    this.#parts = parts;
  }

  /** Looks until `stop`. */
  async run(): Promise<void> {
    const { signal } = this.#stopped;
    let before = performance.now();
    while (!signal.aborted) {
      const now = performance.now();
      // If we were held up ourselves, the time says nothing about the others.
      const passedMs = Math.min(now - before, 2 * leaseTimes.lookMs);
      before = now;
      await this.look(passedMs).catch((error: unknown) => {
        if (!isConnectionLoss(error) && !signal.aborted) throw error;
      });
      await sleep(leaseTimes.lookMs, undefined, { signal }).catch(() => undefined);
    }
  }

  stop(): void {
    this.#stopped.abort();
  }

  /** One look. @param passedMs - the time since the one before */
  async look(passedMs: number): Promise<void> {
    const { database } = this.#parts;
    const { rows } = await database.queryOnce<LeaseRow>(
      "SELECT executor, host, process, beat FROM lotse.leases WHERE ended_at IS NULL AND executor <> $1",
      [this.#parts.executor],
    );
    for (const row of rows) {
      if (!(await this.#isDead(row, passedMs))) continue;
      // Whoever gave a sign of life in the meantime lives.
      await database.queryOnce(
        "UPDATE lotse.leases SET ended_at = clock_timestamp() WHERE executor = $1 AND beat = $2 AND ended_at IS NULL",
        [row.executor, row.beat],
      );
    }
    const present = new Set(rows.map(({ executor }) => executor));
    for (const executor of this.#seen.keys()) if (!present.has(executor)) this.#seen.delete(executor);
    await this.#handOn();
  }

  async #isDead({ executor, host, process, beat }: LeaseRow, passedMs: number): Promise<boolean> {
    this.#place ??= await placeOfProcesses();
    const identity = processIdentitySchema.safeParse(process);
    if (host === this.#place && identity.success && !(await isRunning(identity.data))) return true;
    const seen = this.#seen.get(executor);
    if (seen === undefined || seen.beat !== beat) {
      this.#seen.set(executor, { beat, silentMs: 0 });
      return false;
    }
    seen.silentMs += passedMs;
    return seen.silentMs >= leaseTimes.expiryMs;
  }

  /** Not only what was just found: a reaper may have died between ending a lease and handing on. */
  async #handOn(): Promise<void> {
    const { rows } = await this.#parts.database.queryOnce<{ executor_id: string }>(
      `SELECT DISTINCT executor_id FROM "${dbosSchema}".workflow_status w
       WHERE status = 'PENDING' AND executor_id IS NOT NULL
         AND NOT EXISTS (SELECT FROM lotse.leases l WHERE l.executor = w.executor_id AND l.ended_at IS NULL)`,
    );
    if (rows.length > 0) await this.#parts.recover(rows.map((row) => row.executor_id));
  }
}
