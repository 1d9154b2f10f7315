import { setTimeout as sleep } from "node:timers/promises";
import { LotseError, type Sensitive } from "@lotse/core/kernel";
import pg from "pg";
import { isConnectionLoss } from "./connection-loss.ts";
import { SharedConnections } from "./shared-connections.ts";

/** A connection inside a transaction. */
export type Transaction = Pick<pg.ClientBase, "query">;

/** The shortest and the longest wait between two tries to reach a server that is away. */
const backoffMs = { first: 50, last: 1000 } as const;

/** How a {@link Database} connects. */
export interface DatabaseOptions {
  readonly url: Sensitive<string>;
  /** How many for transactions at most, and how many that statements share. @defaultValue 16 */
  readonly connections?: number;
  /** Shown by the server to those who look at its connections. @defaultValue "lotse" */
  readonly name?: string;
  /** How long one operation keeps trying while the server is away. @defaultValue without end */
  readonly giveUpMs?: number;
  /** May bring the server back: called each time that the connection is lost, once at a time. */
  readonly revive?: () => Promise<void>;
}

/** By these the server finds out within ten seconds that the other end of a connection is gone. */
const vanishedSettings = [
  "tcp_keepalives_idle=3",
  "tcp_keepalives_interval=2",
  "tcp_keepalives_count=2",
  "tcp_user_timeout=10000",
]
  .map((setting) => `-c ${setting}`)
  .join(" ");

/** How long it is left alone after it was tried to bring the server back, in milliseconds. */
const reviveMs = 1000;

/**
 * The database as we use it. When the connection is lost, an operation is tried again until the server is
 * back; so every operation must have the same effect when it is done twice, for the first may have been
 * committed before its answer was lost.
 */
export class Database {
  readonly #pool: pg.Pool;
  readonly #shared: SharedConnections;
  readonly #giveUpMs: number;
  readonly #revive: () => Promise<void>;
  #reviving = false;
  readonly #closing = new AbortController();

  constructor(options: DatabaseOptions) {
    this.#giveUpMs = options.giveUpMs ?? Number.POSITIVE_INFINITY;
    this.#revive = options.revive ?? (() => Promise.resolve());
    const most = options.connections ?? 16;
    const config: pg.ClientConfig = {
      connectionString: options.url.reveal(),
      application_name: options.name ?? "lotse",
      connectionTimeoutMillis: 10_000,
      keepAlive: true,
      // A connection whose other end vanished would hold an operation for as long as the system waits.
      query_timeout: 30_000,
      // A machine that vanishes in the middle must not hold its locks for as long as the server's system waits.
      idle_in_transaction_session_timeout: 5000,
      options: vanishedSettings,
    };
    this.#shared = new SharedConnections(config, most);
    this.#pool = new pg.Pool({ ...config, max: most });
    // A connection that breaks while nobody uses it is replaced at the next use.
    this.#pool.on("error", () => undefined);
  }

  /**
   * Runs one statement.
   *
   * @throws LotseError `database.unavailable`; what the server says is wrong with the statement
   */
  query<R extends pg.QueryResultRow = pg.QueryResultRow>(
    sql: string,
    values: readonly unknown[] = [],
  ): Promise<pg.QueryResult<R>> {
    return this.#untilReachable(() => this.#pool.query<R>(sql, [...values]));
  }

  /**
   * Runs one statement that the server parses once for each connection: for those that are run all the time. They
   * share connections, so it must be short, and must not be waited for inside a transaction; see
   * {@link SharedConnections}.
   *
   * @param name - unlike that of every other statement
   */
  prepared<R extends pg.QueryResultRow = pg.QueryResultRow>(
    name: string,
    sql: string,
    values: readonly unknown[],
  ): Promise<pg.QueryResult<R>> {
    return this.#untilReachable(() => this.#shared.query<R>({ name, text: sql, values: [...values] }));
  }

  /** Runs one statement without trying again, for what is asked again soon anyway. */
  async queryOnce<R extends pg.QueryResultRow = pg.QueryResultRow>(
    sql: string,
    values: readonly unknown[] = [],
  ): Promise<pg.QueryResult<R>> {
    try {
      return await this.#pool.query<R>(sql, [...values]);
    } catch (error) {
      if (isConnectionLoss(error)) void this.#bringBack();
      throw error;
    }
  }

  /** Runs a function in a transaction, and again from the start when the connection is lost. */
  transaction<T>(act: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.#untilReachable(() => this.#transactOnce(act));
  }

  /** A connection of one's own, such as for locks of the session; `release(true)` ends it. */
  connect(): Promise<pg.PoolClient> {
    return this.#untilReachable(() => this.#pool.connect());
  }

  /** Ends all connections; what still waits for the server gives up. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([this.#shared.close(), this.#pool.end()]);
  }

  async #transactOnce<T>(act: (transaction: Transaction) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    const ignore = (): void => undefined;
    client.on("error", ignore);
    let broken = true;
    try {
      await client.query("BEGIN");
      const result = await act(client);
      await client.query("COMMIT");
      broken = false;
      return result;
    } catch (error) {
      if (!isConnectionLoss(error)) {
        broken = await client.query("ROLLBACK").then(
          () => false,
          () => true,
        );
      }
      throw error;
    } finally {
      client.off("error", ignore);
      client.release(broken);
    }
  }

  async #bringBack(): Promise<void> {
    if (this.#reviving || this.#closing.signal.aborted) return;
    this.#reviving = true;
    // What keeps it from starting may pass; those who wait for it are told that it is away.
    await this.#revive().catch(() => undefined);
    await sleep(reviveMs, undefined, { ref: false });
    this.#reviving = false;
  }

  async #untilReachable<T>(act: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    for (let waitMs: number = backoffMs.first; ; waitMs = Math.min(waitMs * 2, backoffMs.last)) {
      try {
        return await act();
      } catch (error) {
        if (!isConnectionLoss(error)) throw error;
        void this.#bringBack();
        const over = performance.now() - startedAt >= this.#giveUpMs;
        if (over || this.#closing.signal.aborted) throw unreachable(error);
        await sleep(waitMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      }
    }
  }
}

function unreachable(cause: unknown): LotseError {
  return new LotseError({
    code: "database.unavailable",
    message: "the database does not answer",
    hint: "check DATABASE_URL, and that the server runs",
    cause,
    retryable: true,
  });
}
