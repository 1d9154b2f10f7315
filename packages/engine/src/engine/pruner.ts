import { setTimeout as sleep } from "node:timers/promises";
import { isConnectionLoss } from "../database/connection-loss.ts";
import type { Database } from "../database/database.ts";
import { dbosSchema } from "../database/migrate.ts";

/** For how long what has ended is kept, in days. */
export interface Retention {
  /** Rollouts with their steps and plans; the audit log keeps what they did. @defaultValue 90 */
  readonly rolloutDays?: number;
  /** What the durable engine remembers of runs that have ended; nobody asks for it. @defaultValue 1 */
  readonly engineDays?: number;
}

/**
 * When it is first looked, since a worker that comes up has more urgent things to do; how often, in milliseconds; and
 * how many rows go at once.
 */
const pruning = { firstMs: 2000, everyMs: 3_600_000, batch: 500 } as const;

/** Keeps the tables bounded: what has ended long ago goes. Several at once do no harm. */
export class Pruner {
  readonly #database: Database;
  readonly #retention: Retention;
  readonly #stopped = new AbortController();

  constructor(database: Database, retention: Retention = {}) {
    this.#database = database;
    this.#retention = retention;
  }

  /** Looks until `stop`. */
  async run(): Promise<void> {
    const { signal } = this.#stopped;
    const wait = (ms: number): Promise<void> => sleep(ms, undefined, { signal }).catch(() => undefined);
    await wait(pruning.firstMs);
    while (!signal.aborted) {
      await this.prune().catch((error: unknown) => {
        if (!isConnectionLoss(error) && !signal.aborted) throw error;
      });
      await wait(pruning.everyMs);
    }
  }

  stop(): void {
    this.#stopped.abort();
  }

  /** Removes everything that is older than its limit. */
  async prune(): Promise<void> {
    const { rolloutDays = 90, engineDays = 1 } = this.#retention;
    await this.#inBatches(
      `DELETE FROM lotse.rollouts WHERE id IN (
         SELECT id FROM lotse.rollouts WHERE ended_at < clock_timestamp() - $1 * interval '1 day' LIMIT $2)`,
      rolloutDays,
    );
    // Only what belongs to a rollout that has ended, or to none: what is under way is needed for going on.
    await this.#inBatches(
      `WITH old AS (
         SELECT workflow_uuid FROM "${dbosSchema}".workflow_status w
         WHERE status NOT IN ('ENQUEUED', 'PENDING', 'DELAYED')
           AND updated_at < (extract(epoch FROM clock_timestamp() - $1 * interval '1 day') * 1000)::bigint
           AND NOT EXISTS (SELECT FROM lotse.rollouts r
             WHERE r.ended_at IS NULL AND w.workflow_uuid = r.id || '.' || r.run)
         LIMIT $2
       ), steps AS (
         DELETE FROM "${dbosSchema}".operation_outputs WHERE workflow_uuid IN (SELECT workflow_uuid FROM old)
       ), inputs AS (
         DELETE FROM "${dbosSchema}".workflow_input WHERE workflow_uuid IN (SELECT workflow_uuid FROM old)
       ), outputs AS (
         DELETE FROM "${dbosSchema}".workflow_output WHERE workflow_uuid IN (SELECT workflow_uuid FROM old)
       )
       DELETE FROM "${dbosSchema}".workflow_status WHERE workflow_uuid IN (SELECT workflow_uuid FROM old)`,
      engineDays,
    );
    // Who is not in the table counts as dead, so leases that ended long ago need not be kept.
    await this.#inBatches(
      `DELETE FROM lotse.leases WHERE executor IN (
         SELECT executor FROM lotse.leases WHERE ended_at < clock_timestamp() - $1 * interval '1 day' LIMIT $2)`,
      1,
    );
    await this.#inBatches(
      `DELETE FROM lotse.transactions WHERE token IN (
         SELECT token FROM lotse.transactions WHERE at < clock_timestamp() - $1 * interval '1 day' LIMIT $2)`,
      1,
    );
  }

  async #inBatches(sql: string, days: number): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      const { rowCount } = await this.#database.queryOnce(sql, [days, pruning.batch]);
      if ((rowCount ?? 0) < pruning.batch) return;
    }
  }
}
