import pg from "pg";

interface Connection {
  readonly client: pg.Client;
  readonly ready: Promise<unknown>;
  /** The latest answer that is waited for; the others come before it. */
  last: Promise<unknown>;
  /** How many statements wait for its answer. */
  underway: number;
  idle: NodeJS.Timeout | undefined;
}

/**
 * Connections that are opened when they are needed, each of which carries several statements at once: a statement is
 * sent before the one ahead of it is answered, so a few connections serve many callers, and the processes at both ends
 * are woken less often.
 *
 * Each statement is committed by itself. Those of a connection are done in turn, so one that waits for a lock lets those
 * behind it wait too: all of them must be short, and none may be waited for inside a transaction that it might wait
 * for.
 *
 * @see https://node-postgres.com/features/pipelining
 */
export class SharedConnections {
  readonly #config: pg.ClientConfig;
  readonly #most: number;
  readonly #idleMs: number;
  readonly #open = new Set<Connection>();
  #closed = false;

  /**
   * @param most - how many connections there are at most
   * @param idleMs - how long one stays open that nobody uses, in milliseconds
   */
  constructor(config: pg.ClientConfig, most: number, idleMs = 10_000) {
    this.#config = config;
    this.#most = most;
    this.#idleMs = idleMs;
  }

  /**
   * Runs a statement by itself.
   *
   * @throws whatever the driver says; what is under way on a connection that is lost fails with it
   */
  async query<R extends pg.QueryResultRow>(statement: pg.QueryConfig): Promise<pg.QueryResult<R>> {
    const connection = this.#choose();
    clearTimeout(connection.idle);
    connection.underway += 1;
    try {
      await connection.ready;
      const answer = connection.client.query<R>(statement);
      connection.last = answer;
      return await answer;
    } finally {
      connection.underway -= 1;
      if (connection.underway === 0 && this.#open.has(connection))
        connection.idle = setTimeout(() => this.#drop(connection), this.#idleMs);
    }
  }

  /** Ends all connections, each after the statements that are under way on it. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(
      [...this.#open].map(async (connection) => {
        await connection.ready.catch(() => undefined);
        await connection.last.catch(() => undefined);
        this.#drop(connection);
      }),
    );
  }

  /** One that has nothing to do, or else a new one, or else the one that has least. */
  #choose(): Connection {
    const [least] = [...this.#open].toSorted((a, b) => a.underway - b.underway);
    if (least !== undefined && (least.underway === 0 || this.#open.size >= this.#most)) return least;
    // The driver knows the words for this.
    if (this.#closed) throw new Error("Client was closed and is not queryable");
    return this.#add();
  }

  #add(): Connection {
    const client = new pg.Client({ ...this.#config, pipeline: true });
    const ready = client.connect();
    const connection: Connection = { client, ready, last: ready, underway: 0, idle: undefined };
    const drop = (): void => this.#drop(connection);
    client.on("error", drop);
    client.on("end", drop);
    ready.catch(drop);
    this.#open.add(connection);
    return connection;
  }

  /** Nobody waits for its end: where the other side vanished, it would not come for minutes. */
  #drop(connection: Connection): void {
    clearTimeout(connection.idle);
    if (this.#open.delete(connection)) void connection.client.end();
  }
}
