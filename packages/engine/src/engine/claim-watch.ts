import { setTimeout as sleep } from "node:timers/promises";
import { isConnectionLoss } from "../database/connection-loss.ts";
import type { Database } from "../database/database.ts";
import { dbosSchema } from "../database/migrate.ts";

/** How often it is looked, in milliseconds, and after how many looks a claim counts as forgotten. */
const looking = { everyMs: 500, patience: 8 } as const;

/** What a {@link ClaimWatch} works with. */
export interface ClaimWatchParts {
  readonly database: Database;
  readonly executor: string;
  /** The workflows that this process is at work on. */
  readonly running: ReadonlySet<string>;
}

/**
 * Finds work that belongs to this worker and that it knows nothing of. DBOS takes work off the queue in a
 * transaction; when the answer to its commit is lost, the work stays with a worker that lives and never begins.
 * It goes back to the queue.
 */
export class ClaimWatch {
  readonly #parts: ClaimWatchParts;
  readonly #stopped = new AbortController();
  /** How often each claim was seen without being worked on. */
  #seen = new Map<string, number>();

  constructor(parts: ClaimWatchParts) {
    this.#parts = parts;
  }

  /** Looks until `stop`. */
  async run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await this.look().catch((error: unknown) => {
        if (!isConnectionLoss(error) && !signal.aborted) throw error;
      });
      await sleep(looking.everyMs, undefined, { signal }).catch(() => undefined);
    }
  }

  stop(): void {
    this.#stopped.abort();
  }

  /** One look. */
  async look(): Promise<void> {
    const { database, executor, running } = this.#parts;
    const { rows } = await database.queryOnce<{ id: string; claim: string }>(
      `SELECT workflow_uuid AS id, coalesce(owner_xid, '') AS claim FROM "${dbosSchema}".workflow_status
       WHERE status = 'PENDING' AND executor_id = $1 AND workflow_uuid <> ALL($2)`,
      [executor, [...running]],
    );
    const seen = new Map<string, number>();
    for (const { id, claim } of rows) {
      if (running.has(id)) continue;
      const looks = (this.#seen.get(`${id} ${claim}`) ?? 0) + 1;
      if (looks < looking.patience) seen.set(`${id} ${claim}`, looks);
      else await this.#giveBack(id, claim);
    }
    this.#seen = seen;
  }

  /** As DBOS does it with all the work of a dead worker. */
  async #giveBack(id: string, claim: string): Promise<void> {
    await this.#parts.database.queryOnce(
      `UPDATE "${dbosSchema}".workflow_status
       SET status = 'ENQUEUED', owner_xid = NULL, started_at_epoch_ms = NULL,
         updated_at = (extract(epoch FROM now()) * 1000)::bigint
       WHERE workflow_uuid = $1 AND status = 'PENDING' AND executor_id = $2
         AND coalesce(owner_xid, '') = $3 AND queue_name IS NOT NULL`,
      [id, this.#parts.executor, claim],
    );
  }
}
