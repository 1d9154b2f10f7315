import { setTimeout as sleep } from "node:timers/promises";
import { isLotseError, LotseError, type Sensitive } from "@lotse/core/kernel";
import type { Database, Transaction } from "./database.ts";
import { isConnectionLoss } from "./connection-loss.ts";
import { migrations } from "./migrations.ts";

/** The schema that DBOS keeps its tables in. */
export const dbosSchema = "dbos";

/** Any number does, as long as all who migrate use the same. */
const lockKey = 7_265_411_905_334_871n;

/** How often it is tried again when the connection is lost on the way. */
const attempts = 50;

/** How long another process may take to migrate. */
const patienceMs = 120_000;

/**
 * Brings the tables up to date, ours and those of DBOS. Several processes may ask at the same moment: one does
 * it. The lock is asked for again and again, because waiting for it inside PostgreSQL blocks the building of
 * indexes without locks that DBOS does under it.
 *
 * @throws LotseError `database.unavailable` when the server does not answer for as long as `database` waits, or another
 * process does not get done with it
 */
export async function migrate(database: Database, url: Sensitive<string>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await migrateOnce(database, url);
    } catch (error) {
      // What says that the database gave up has tried for long enough.
      if (isLotseError(error) || !isConnectionLoss(error) || attempt === attempts) throw error;
      await sleep(100);
    }
  }
}

async function migrateOnce(database: Database, url: Sensitive<string>): Promise<void> {
  const client = await database.connect();
  client.on("error", () => undefined);
  try {
    await lock(client);
    if (!(await isUpToDate(client))) {
      const { migrateDbos } = await import("./dbos-tables.ts");
      await migrateDbos(url, dbosSchema);
      await applyOurs(database);
    }
  } finally {
    // Ending the connection gives the lock back, whatever state it is in.
    client.release(true);
  }
}

async function lock(client: Transaction): Promise<void> {
  const startedAt = performance.now();
  for (;;) {
    const { rows } = await client.query<{ got: boolean }>("SELECT pg_try_advisory_lock($1) AS got", [
      lockKey,
    ]);
    if (rows[0]?.got === true) return;
    if (performance.now() - startedAt > patienceMs) {
      throw new LotseError({
        code: "database.unavailable",
        message: "another process has been changing the tables for two minutes",
        hint: "look for a process that hangs: SELECT * FROM pg_stat_activity",
        retryable: true,
      });
    }
    await sleep(50);
  }
}

/**
 * The version of DBOS, whose migrations are part of ours. It is not asked of the library, which looks for it in a
 * file beside its code and finds none from a bundle.
 */
export const dbosVersion = "5.3.0";

/** What has to be there: our migrations, and those of this version of DBOS. */
function wanted(): readonly string[] {
  return [`dbos-${dbosVersion}`, ...migrations.map(({ number }) => `lotse-${number}`)];
}

async function isUpToDate(client: Transaction): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>(
    "SELECT to_regclass('lotse.migrations') IS NOT NULL AS there",
  );
  if (rows[0]?.there !== true) return false;
  const done = await appliedTo(client);
  return wanted().every((name) => done.has(name));
}

async function appliedTo(client: Transaction): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ name: string }>("SELECT name FROM lotse.migrations");
  return new Set(rows.map(({ name }) => name));
}

async function applyOurs(database: Database): Promise<void> {
  await database.transaction(async (transaction) => {
    await transaction.query("CREATE SCHEMA IF NOT EXISTS lotse");
    await transaction.query(
      "CREATE TABLE IF NOT EXISTS lotse.migrations (name text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())",
    );
    const done = await appliedTo(transaction);
    const ours = new Map(migrations.map(({ number, sql }) => [`lotse-${number}`, sql]));
    for (const name of wanted()) {
      if (done.has(name)) continue;
      const sql = ours.get(name);
      if (sql !== undefined) await transaction.query(sql);
      await transaction.query("INSERT INTO lotse.migrations (name) VALUES ($1)", [name]);
    }
  });
}
