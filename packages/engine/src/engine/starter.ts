import { setTimeout as sleep } from "node:timers/promises";
import type { RolloutRequest } from "@lotse/core/release";
import { isConnectionLoss } from "../database/connection-loss.ts";
import type { Database } from "../database/database.ts";
import { dbosSchema } from "../database/migrate.ts";
import { partitionOf } from "../rollout/keys.ts";

/** How often it is looked for rollouts that other processes handed over, in milliseconds. */
const lookMs = 100;

/** How often it is looked for rollouts whose execution ended in a defect, in looks. */
const stuckEvery = 20;

/** How many rollouts are queued at the same time. */
const together = 8;

/** A run of a rollout that is to be queued. */
export interface RunToStart {
  readonly rollout: string;
  readonly run: number;
  readonly partition: string;
}

/** What a {@link Starter} works with. */
export interface StarterParts {
  readonly database: Database;
  /** The version of this worker's workflows. */
  readonly version: string;
  /** Queues a run; twice is once. */
  readonly enqueue: (run: RunToStart) => Promise<void>;
  /** Called when runs were queued. */
  readonly onEnqueued: () => void;
}

/** Queues what was stored to be carried out, whoever stored it, and whatever died before queueing it. */
export class Starter {
  readonly #parts: StarterParts;
  readonly #stopped = new AbortController();
  #wake = new AbortController();

  constructor(parts: StarterParts) {
    this.#parts = parts;
  }

  /** Looks until `stop`. */
  async run(): Promise<void> {
    for (let look = 0; !this.#stopped.signal.aborted; look++) {
      this.#wake = new AbortController();
      try {
        await this.#startNew();
        if (look % stuckEvery === 0) await this.#showStuck();
      } catch (error) {
        if (!isConnectionLoss(error) && !this.#stopped.signal.aborted) throw error;
      }
      const signal = AbortSignal.any([this.#wake.signal, this.#stopped.signal]);
      await sleep(lookMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Looks now. */
  wake(): void {
    this.#wake.abort();
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #startNew(): Promise<void> {
    const { database, enqueue } = this.#parts;
    // What has to wait for an older one in any case need not wait in a worker. A run after the first may hold locks
    // that the older one waits for.
    const { rows } = await database.queryOnce<{ id: string; run: number; request: RolloutRequest }>(
      `SELECT id, run, request FROM lotse.rollouts r
       WHERE ended_at IS NULL AND enqueued_run < run AND (run > 1 OR NOT EXISTS (
         SELECT FROM lotse.rollout_tenants ours
         JOIN lotse.rollout_tenants theirs ON theirs.tenant = ours.tenant
         JOIN lotse.rollouts other ON other.id = theirs.rollout
         WHERE ours.rollout = r.id AND other.environment = r.environment AND other.ended_at IS NULL
           AND other.position < r.position
       ))
       ORDER BY position LIMIT 100`,
    );
    for (let at = 0; at < rows.length; at += together) {
      const few = rows.slice(at, at + together);
      await Promise.all(
        few.map(({ id, run, request }) =>
          enqueue({ rollout: id, run, partition: partitionOf(request, run) }),
        ),
      );
      this.#parts.onEnqueued();
      await database.queryOnce(
        `UPDATE lotse.rollouts r SET enqueued_run = queued.run
         FROM unnest($1::text[], $2::int[]) AS queued (id, run)
         WHERE r.id = queued.id AND r.enqueued_run < queued.run`,
        [few.map(({ id }) => id), few.map(({ run }) => run)],
      );
    }
  }

  /** What ended without our saying so ended by a defect. Its lock is kept, for nobody knows how things are. */
  async #showStuck(): Promise<void> {
    await this.#parts.database.queryOnce(
      `UPDATE lotse.rollouts r SET state = 'stuck', revision = revision + 1,
         reason = 'the engine gave up: ' || w.status
       FROM "${dbosSchema}".workflow_status w
       WHERE r.ended_at IS NULL AND r.state <> 'stuck' AND w.workflow_uuid = r.id || '.' || r.run
         AND w.status IN ('ERROR', 'CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED')`,
    );
    // Workers pick up the work of their own version only.
    await this.#parts.database.queryOnce(
      `UPDATE lotse.rollouts r SET revision = revision + 1,
         reason = 'it waits for a worker of version ' || w.application_version
       FROM "${dbosSchema}".workflow_status w
       WHERE r.ended_at IS NULL AND r.reason IS NULL AND w.workflow_uuid = r.id || '.' || r.run
         AND w.status IN ('ENQUEUED', 'PENDING') AND w.application_version <> $1`,
      [this.#parts.version],
    );
  }
}
