import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Sensitive } from "@lotse/core/kernel";
import {
  changeAndRecord,
  Database,
  migrate,
  openDatabaseLog,
  recordIn,
  Sequencer,
  type Transaction,
} from "@lotse/engine";
import { round, spreadOf, type Spread } from "./engine-statistics.ts";

/** How much is measured. */
export interface AuditLoad {
  readonly seconds: number;
  readonly writers: number;
  /** What an operation is. */
  readonly shape: AuditShape;
}

/**
 * What is committed by itself: a change and its entry in one statement, the same in a transaction of four
 * statements, or a transaction of one change and ten entries, each of which counts.
 */
export type AuditShape = "statement" | "transaction" | "ten entries";

/** What was measured. */
export interface AuditFigures {
  readonly writers: number;
  readonly shape: AuditShape;
  /** Entries that were committed with their changes. */
  readonly operationsPerSecond: number;
  /** Entries that were committed and have their place under a signed checkpoint, until the last one has. */
  readonly sequencedPerSecond: number;
  /** CPU time in microseconds an entry, of writers and sequencer in this process. */
  readonly cpuMicros: number;
  /** How old the oldest entry without a place in the signed tree was, looked at ten times a second. */
  readonly waited: Spread;
  readonly size: number;
  readonly verified: boolean;
}

/** Changes a row and records it, again and again, while a sequencer in this process signs the tree. */
export async function measureAudit(url: Sensitive<string>, load: AuditLoad): Promise<AuditFigures> {
  const directory = await mkdtemp(join(tmpdir(), "lotse-bench-"));
  const database = new Database({ url });
  await migrate(database, url);
  const logFor = (store: Parameters<typeof openDatabaseLog>[0]): ReturnType<typeof openDatabaseLog> =>
    openDatabaseLog(store, { state: directory, name: "bench" });
  let opened: ReturnType<typeof openDatabaseLog> | undefined;
  const sequencer = new Sequencer({ database, open: (store) => (opened = logFor(store)) });
  const running = sequencer.run();
  try {
    await makeRows(database, load.writers);
    const end = performance.now() + load.seconds * 1000;
    const ages: number[] = [];
    const [cpu, from] = [process.cpuUsage(), performance.now()];
    const done = await Promise.all([
      watchAges(database, ages, end),
      ...Array.from({ length: load.writers }, (_, writer) => write(database, writer, load.shape, end)),
    ]);
    const operations = done.reduce((sum, count) => sum + count, 0);
    const seconds = (performance.now() - from) / 1000;
    while (((await database.query("SELECT FROM lotse.audit_outbox LIMIT 1")).rowCount ?? 0) > 0)
      await sleep(50);
    const sequencedSeconds = (performance.now() - from) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    const report = await opened?.verify();
    return {
      writers: load.writers,
      shape: load.shape,
      sequencedPerSecond: Math.round(operations / sequencedSeconds),
      cpuMicros: Math.round((user + system) / operations),
      operationsPerSecond: Math.round(operations / seconds),
      waited: spreadOf(ages),
      size: report?.size ?? 0,
      verified: report?.ok === true && report.size === operations,
    };
  } finally {
    sequencer.stop();
    await running;
    await database.close();
    await rm(directory, { recursive: true });
  }
}

/** How often the same row is changed in a second by the same number of writers, without entries: what is possible. */
export async function measureUnaudited(
  url: Sensitive<string>,
  { seconds, writers }: Pick<AuditLoad, "seconds" | "writers">,
): Promise<number> {
  const database = new Database({ url });
  try {
    await makeRows(database, writers);
    const from = performance.now();
    const changing = Array.from({ length: writers }, async (_, writer) => {
      let count = 0;
      for (; performance.now() - from < seconds * 1000; count++)
        await database.prepared("bench-plain", change, [writer]);
      return count;
    });
    const counts = await Promise.all(changing);
    return Math.round(counts.reduce((sum, count) => sum + count, 0) / ((performance.now() - from) / 1000));
  } finally {
    await database.close();
  }
}

/** What an operation changes. */
const change = "UPDATE changed SET n = n + 1 WHERE writer = $1";

async function makeRows(database: Database, writers: number): Promise<void> {
  await database.query("CREATE TABLE changed (writer int PRIMARY KEY, n bigint NOT NULL)");
  await database.query("INSERT INTO changed SELECT at, 0 FROM generate_series(0, $1::int) at", [writers]);
}

async function write(database: Database, writer: number, shape: AuditShape, end: number): Promise<number> {
  const entries = shape === "ten entries" ? 10 : 1;
  let count = 0;
  for (; performance.now() < end; count += entries) {
    if (shape === "statement") {
      const audited = {
        name: "bench-change",
        expressions: `changed AS (${change} RETURNING n)`,
        values: [writer],
      };
      await changeAndRecord(database, audited, eventOf(writer, count));
      continue;
    }
    await database.transaction(async (transaction: Transaction) => {
      await transaction.query(change, [writer]);
      for (let at = 0; at < entries; at++) await recordIn(transaction, eventOf(writer, count + at));
    });
  }
  return count;
}

function eventOf(writer: number, n: number): Parameters<typeof recordIn>[1] {
  return {
    actor: { kind: "user", id: `writer-${writer}` },
    scope: { environment: "prod", tenant: `tenant-${writer}` },
    action: "rollout.tenant",
    object: `object-${n}`,
    version: "1.0.0",
    request: `request-${writer}-${n}`,
    outcome: "success",
  };
}

/** By when an entry was first seen, since entries do not know when they were written. */
async function watchAges(database: Database, ages: number[], end: number): Promise<number> {
  const seen: { readonly id: number; readonly at: number }[] = [];
  while (performance.now() < end) {
    const { rows } = await database.query<{ oldest: string | null; newest: string | null }>(
      "SELECT min(id) AS oldest, max(id) AS newest FROM lotse.audit_outbox",
    );
    const now = performance.now();
    const [row] = rows;
    if (row?.newest !== null && row?.newest !== undefined) seen.push({ id: Number(row.newest), at: now });
    const oldest = Number(row?.oldest ?? Number.POSITIVE_INFINITY);
    const first = seen.find(({ id }) => id >= oldest);
    ages.push(first === undefined ? 0 : round(now - first.at));
    await sleep(100);
  }
  return 0;
}
