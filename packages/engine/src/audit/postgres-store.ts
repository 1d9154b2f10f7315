import { LotseError } from "@lotse/core/kernel";
import type { AuditPage, AuditStore, AuditTransaction, LogIdentity } from "@lotse/core/audit";
import type pg from "pg";
import type { Database, Transaction } from "../database/database.ts";
import { PostgresAuditTransaction, WriterMemory, type ActorRecord } from "./postgres-transaction.ts";
import { readHashes } from "./read-hashes.ts";

/** How many entries are read at once. */
const pageSize = 256;

/** Held by the only writer, as long as its connection lives. */
const writerLock = 7_265_411_905_334_872n;

/** How a {@link PostgresAuditStore} works. */
export interface PostgresAuditOptions {
  /** How long a writer waits for the one before it. @defaultValue 10000 */
  readonly lockTimeoutMs?: number;
  /** Done in the same transaction as each batch that is stored. */
  readonly alongside?: (transaction: Transaction) => Promise<void>;
}

/**
 * Keeps the audit log in PostgreSQL. Lines, hashes and checkpoints are what they are in files, so whoever may
 * write to the tables is found out by the same `verify`: the signing key and the witnesses are elsewhere.
 *
 * The writer's lock belongs to its connection, so a pooler between us must give out whole sessions.
 */
export class PostgresAuditStore implements AuditStore {
  readonly label = "the database";
  readonly #database: Database;
  readonly #options: PostgresAuditOptions;
  readonly #memory = new WriterMemory();
  #writer: Promise<unknown> = Promise.resolve();

  /** @param database - its tables are up to date; it stays open when the store is closed */
  constructor(database: Database, options: PostgresAuditOptions = {}) {
    this.#database = database;
    this.#options = options;
  }

  transact<T>(act: (transaction: AuditTransaction) => Promise<T>): Promise<T> {
    const done = this.#writer.then(() => this.#asOnlyWriter(act));
    this.#writer = done.catch(() => undefined);
    return done;
  }

  async identity(): Promise<LogIdentity | null> {
    const { rows } = await this.#database.query<{ origin: string; public_key: string }>(
      "SELECT origin, public_key FROM lotse.audit_log",
    );
    const [row] = rows;
    return row === undefined ? null : { origin: row.origin, publicKey: row.public_key };
  }

  async checkpoint(): Promise<string | null> {
    const { rows } = await this.#database.query<{ checkpoint: string }>(
      "SELECT checkpoint FROM lotse.audit_log",
    );
    return rows[0]?.checkpoint ?? null;
  }

  async *pages(from: number, direction: "forwards" | "backwards" = "forwards"): AsyncIterable<AuditPage> {
    for (let at = from; ;) {
      const page = direction === "forwards" ? await this.#after(at) : await this.#before(at);
      if (page === null) return;
      yield page;
      // Places and not rows: where one is missing, what follows must not take its place for good.
      at = direction === "forwards" ? page.from + page.span : page.from;
    }
  }

  async line(index: number): Promise<string | null> {
    const { rows } = await this.#database.query<{ line: string }>(
      "SELECT line FROM lotse.audit_entries WHERE index = $1",
      [index],
    );
    return rows[0]?.line ?? null;
  }

  hashes(positions: readonly number[]): Promise<readonly Buffer[]> {
    return readHashes(this.#database, positions);
  }

  async actors(): Promise<readonly ActorRecord[]> {
    const { rows } = await this.#database.query<ActorRecord>(
      "SELECT commitment, kind, id, salt FROM lotse.audit_actors ORDER BY commitment",
    );
    return rows;
  }

  async close(): Promise<void> {
    await this.#writer;
  }

  async #after(from: number): Promise<(AuditPage & { span: number }) | null> {
    return this.#page("index >= $1", "ASC", from);
  }

  async #before(end: number): Promise<(AuditPage & { span: number }) | null> {
    return this.#page("index < $1", "DESC", end);
  }

  async #page(
    where: string,
    order: "ASC" | "DESC",
    bound: number,
  ): Promise<(AuditPage & { span: number }) | null> {
    const { rows } = await this.#database.query<{ index: string; line: string }>(
      `SELECT index, line FROM lotse.audit_entries WHERE ${where} ORDER BY index ${order} LIMIT ${pageSize}`,
      [bound],
    );
    if (order === "DESC") rows.reverse();
    const [first, last] = [rows[0], rows.at(-1)];
    if (first === undefined || last === undefined) return null;
    const { rows: personal } = await this.#database.query<AuditPage["personal"][number] & { index: string }>(
      `SELECT entry AS index, commitment, subject, name, value, salt FROM lotse.audit_personal
       WHERE entry BETWEEN $1 AND $2 ORDER BY entry, name`,
      [first.index, last.index],
    );
    return {
      from: Number(first.index),
      span: Number(last.index) - Number(first.index) + 1,
      lines: rows.map(({ line }) => line),
      personal: personal.map((record) => ({ ...record, index: Number(record.index) })),
    };
  }

  async #asOnlyWriter<T>(act: (transaction: AuditTransaction) => Promise<T>): Promise<T> {
    const client = await this.#database.connect();
    client.on("error", ignore);
    let reusable = false;
    try {
      await this.#lock(client);
      const transaction = await PostgresAuditTransaction.begin(client, this.#memory, this.#options.alongside);
      const result = await act(transaction);
      if (transaction.erased) await client.query("VACUUM FULL lotse.audit_actors, lotse.audit_personal");
      await client.query("SELECT pg_advisory_unlock($1)", [writerLock]);
      reusable = true;
      return result;
    } finally {
      client.off("error", ignore);
      // Ending the connection gives the lock back, whatever went wrong.
      client.release(!reusable);
    }
  }

  async #lock(client: pg.PoolClient): Promise<void> {
    const timeoutMs = Math.round(this.#options.lockTimeoutMs ?? 10_000);
    try {
      // Sent together; where the lock is not given, the setting is undone as well.
      await client.query(
        `SET lock_timeout = ${timeoutMs}; SELECT pg_advisory_lock(${writerLock}); RESET lock_timeout`,
      );
    } catch (cause) {
      if (!(cause instanceof Error && "code" in cause && cause.code === "55P03")) throw cause;
      throw new LotseError({
        code: "audit.busy",
        message: `another process writes to the audit log for more than ${timeoutMs} ms`,
        hint: "look for a process that hangs: SELECT * FROM pg_stat_activity",
        cause,
        retryable: true,
      });
    }
  }
}

function ignore(): void {
  // The next use of the connection tells.
}
