import { setTimeout as sleep } from "node:timers/promises";
import { maxBatch, type AuditLog } from "@lotse/core/audit";
import { LotseError, type AuditEvent } from "@lotse/core/kernel";
import { isConnectionLoss } from "../database/connection-loss.ts";
import type { Database, Transaction } from "../database/database.ts";
import { PostgresAuditStore } from "./postgres-store.ts";

/**
 * How often it is looked for entries that wait, in milliseconds; and how many are taken at once: one batch of the log,
 * since they leave the outbox in its transaction.
 */
const sequencing = { lookMs: 200, batch: maxBatch } as const;

/** What a {@link Sequencer} works with. */
export interface SequencerParts {
  readonly database: Database;
  /**
   * Opens the log over a store. It signs, so it needs the key of the log, and knows its witnesses; nobody else
   * may append to the log that it gives.
   */
  readonly open: (store: PostgresAuditStore) => AuditLog;
  /** Told what keeps entries waiting; they are tried again. @defaultValue nothing happens */
  readonly onError?: (error: LotseError) => void;
}

interface WaitingRow {
  id: string;
  event: AuditEvent;
}

/**
 * Gives the entries that were written with a change their place in the tree. Several workers may run one: the
 * store lets in one writer at a time, and an entry leaves the outbox in the transaction that stores it, so it
 * gets one place.
 */
export class Sequencer {
  readonly #parts: SequencerParts;
  readonly #log: AuditLog;
  readonly #stopped = new AbortController();
  readonly #refused = new Map<string, unknown>();
  #taking: readonly string[] = [];

  constructor(parts: SequencerParts) {
    this.#parts = parts;
    const alongside = (transaction: Transaction): Promise<void> => this.#takeOut(transaction);
    this.#log = parts.open(new PostgresAuditStore(parts.database, { alongside }));
  }

  /** Looks until `stop`. */
  async run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const moved = await this.sequence().catch((error: unknown) => this.#complain(error));
      if (moved < sequencing.batch)
        await sleep(sequencing.lookMs, undefined, { signal }).catch(() => undefined);
    }
    // Nobody may be there to do it later.
    while ((await this.sequence().catch(() => 0)) > 0);
    await this.#log.close().catch(() => undefined);
  }

  stop(): void {
    this.#stopped.abort();
  }

  /**
   * Moves what waits, at most one batch.
   *
   * @returns how many entries got their place
   * @throws LotseError `audit.unavailable` when they cannot
   */
  async sequence(): Promise<number> {
    const { rows } = await this.#parts.database.queryOnce<WaitingRow>(
      `SELECT id, event FROM lotse.audit_outbox WHERE refused IS NULL ORDER BY id LIMIT ${sequencing.batch}`,
    );
    if (rows.length === 0) return 0;
    this.#taking = rows.map(({ id }) => id);
    this.#refused.clear();
    // Appended in one go, so they become one batch.
    const results = await Promise.allSettled(
      rows.map(({ id, event }) =>
        this.#log.append(event).catch((error: unknown) => {
          this.#refused.set(id, error);
          throw error;
        }),
      ),
    );
    const failed = results.filter((result) => result.status === "rejected");
    if (failed.length === rows.length) throw failed[0]?.reason;
    return rows.length - failed.length;
  }

  /**
   * In the transaction of the batch: another sequencer that took the same entries makes it fail. What has no
   * room in the log is known by now; it stays, marked, and does not keep those after it waiting.
   */
  async #takeOut(transaction: Transaction): Promise<void> {
    const refused = [...this.#refused];
    const taken = this.#taking.filter((id) => !this.#refused.has(id));
    const { rowCount } = await transaction.query(
      "DELETE FROM lotse.audit_outbox WHERE id = ANY($1::bigint[])",
      [taken],
    );
    if (rowCount !== taken.length) {
      throw new LotseError({
        code: "audit.busy",
        message: "another worker has given these entries their place",
        retryable: true,
      });
    }
    if (refused.length === 0) return;
    await transaction.query(
      `UPDATE lotse.audit_outbox o SET refused = r.why
       FROM unnest($1::bigint[], $2::text[]) AS r (id, why) WHERE o.id = r.id`,
      [refused.map(([id]) => id), refused.map(([, error]) => String(error).slice(0, 1000))],
    );
  }

  #complain(error: unknown): number {
    if (this.#stopped.signal.aborted || isConnectionLoss(error)) return 0;
    if (!(error instanceof LotseError)) throw error;
    if (!error.retryable) this.#parts.onError?.(error);
    return 0;
  }
}
