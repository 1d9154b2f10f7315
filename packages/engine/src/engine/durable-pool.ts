import type { Sensitive } from "@lotse/core/kernel";
import pg from "pg";

/**
 * The connections of DBOS, as it makes them itself, with a limit on how long a statement may take before it is
 * given up and tried again. Without it a connection whose other end vanished would hold a rollout for as long as
 * the system waits for an answer. Whoever makes it ends it.
 *
 * @param statementMs - in milliseconds. @defaultValue 30000
 */
export function durablePool(url: Sensitive<string>, executor: string, statementMs = 30_000): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url.reveal(),
    max: 12,
    application_name: `dbos ${executor}`,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    // Ours ends the wait for an answer that never comes, the server's the statement itself.
    query_timeout: statementMs + 1000,
    statement_timeout: statementMs,
    idle_in_transaction_session_timeout: 2 * statementMs,
  });
  // A connection that breaks while nobody uses it is replaced at the next use.
  pool.on("error", () => undefined);
  return pool;
}
