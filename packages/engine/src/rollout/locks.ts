import type { Database, Transaction } from "../database/database.ts";

/** What came of asking for a rollout's locks. */
export type LockAnswer = "held" | "wait" | "ended";

/**
 * Takes the locks of all tenants of a rollout, or none of them. Rollouts that share a tenant take their turn
 * in the order in which they were started.
 *
 * @returns `ended` when the rollout was aborted before its turn
 */
export function takeLocks(database: Database, rollout: string): Promise<LockAnswer> {
  return database.transaction(async (transaction) => {
    const { rows } = await transaction.query<{ environment: string; ended: boolean; position: string }>(
      "SELECT environment, position, ended_at IS NOT NULL AS ended FROM lotse.rollouts WHERE id = $1 FOR UPDATE",
      [rollout],
    );
    const [found] = rows;
    if (found === undefined || found.ended) return "ended";
    if (await isBehind(transaction, rollout, found.environment, found.position)) return "wait";
    const { rowCount: taken } = await lockRows(transaction, rollout, found.environment);
    if (taken !== 0) return "wait";
    await transaction.query(
      `UPDATE lotse.locks SET rollout = $1, taken_at = clock_timestamp()
       WHERE environment = $2 AND rollout IS NULL
         AND tenant IN (SELECT tenant FROM lotse.rollout_tenants WHERE rollout = $1)`,
      [rollout, found.environment],
    );
    await transaction.query(
      `UPDATE lotse.rollouts SET state = 'running', reason = NULL, revision = revision + 1,
         started_at = coalesce(started_at, clock_timestamp())
       WHERE id = $1 AND state IN ('queued', 'stuck')`,
      [rollout],
    );
    return "held";
  });
}

async function isBehind(
  transaction: Transaction,
  rollout: string,
  environment: string,
  position: string,
): Promise<boolean> {
  const { rows } = await transaction.query(
    `SELECT FROM lotse.rollouts other
     JOIN lotse.rollout_tenants theirs ON theirs.rollout = other.id
     JOIN lotse.rollout_tenants ours ON ours.tenant = theirs.tenant AND ours.rollout = $1
     WHERE other.ended_at IS NULL AND other.environment = $2 AND other.position < $3 LIMIT 1`,
    [rollout, environment, position],
  );
  return rows.length > 0;
}

/** Makes the rows that are missing, locks all in one order, and gives those that somebody else holds. */
async function lockRows(
  transaction: Transaction,
  rollout: string,
  environment: string,
): Promise<{ rowCount: number }> {
  await transaction.query(
    `INSERT INTO lotse.locks (environment, tenant)
     SELECT $2, tenant FROM lotse.rollout_tenants WHERE rollout = $1 ORDER BY tenant
     ON CONFLICT DO NOTHING`,
    [rollout, environment],
  );
  const { rows } = await transaction.query<{ rollout: string | null }>(
    `SELECT rollout FROM lotse.locks
     WHERE environment = $2 AND tenant IN (SELECT tenant FROM lotse.rollout_tenants WHERE rollout = $1)
     ORDER BY tenant FOR UPDATE`,
    [rollout, environment],
  );
  return { rowCount: rows.filter(({ rollout: holder }) => holder !== null && holder !== rollout).length };
}

/**
 * Takes a new fence for each lock that a rollout holds. Every execution of a rollout does so once, so whatever
 * an earlier execution still does carries an older fence.
 *
 * @param token - unlike that of every other execution
 * @returns the fences by tenant
 */
export async function takeFences(
  database: Database,
  rollout: string,
  executor: string,
  token: string,
): Promise<ReadonlyMap<string, number>> {
  await database.query(
    `UPDATE lotse.locks SET fence = fence + 1, executor = $2, token = $3
     WHERE rollout = $1 AND token IS DISTINCT FROM $3`,
    [rollout, executor, token],
  );
  const { rows } = await database.query<{ tenant: string; fence: string }>(
    "SELECT tenant, fence FROM lotse.locks WHERE rollout = $1 AND token = $2",
    [rollout, token],
  );
  return new Map(rows.map(({ tenant, fence }) => [tenant, Number(fence)]));
}
