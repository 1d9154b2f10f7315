import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { openAuditLog, fileWitness, type AuditLog } from "@lotse/core/audit";
import { removeTree } from "@lotse/core/kernel";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { describeAuditStore } from "../../../core/src/audit/testing/describe-store.ts";
import { Database } from "../database/database.ts";
import { migrate } from "../database/migrate.ts";
import { TestServer } from "../testing/test-server.ts";
import { PostgresAuditStore } from "./postgres-store.ts";

let server: TestServer;
let database: Database;
beforeAll(async () => {
  server = await TestServer.start();
  const url = await server.database("audit");
  database = new Database({ url });
  await migrate(database, url);
}, 300_000);
afterAll(async () => {
  await database.close();
  await server.dispose();
}, 60_000);

async function empty(): Promise<void> {
  await database.query(
    `TRUNCATE lotse.audit_log, lotse.audit_entries, lotse.audit_hashes, lotse.audit_sequences,
       lotse.audit_actors, lotse.audit_personal, lotse.audit_outbox`,
  );
}

describeAuditStore("PostgreSQL", async () => {
  await empty();
  const opened: PostgresAuditStore[] = [];
  return {
    open: () => {
      const store = new PostgresAuditStore(database);
      opened.push(store);
      return store;
    },
    dispose: async () => {
      for (const store of opened) await store.close();
    },
  };
});

describe("a superuser of the database", () => {
  const size = 20;
  let directory: string;
  let log: AuditLog;
  beforeEach(async () => {
    await empty();
    directory = await mkdtemp(join(server.root, "log-"));
    log = open();
    for (let at = 0; at < size; at++) await append(log, `object-${at}`);
  });
  afterEach(async () => {
    await log.close();
    await removeTree(directory);
  });

  function open(name = "log"): AuditLog {
    return openAuditLog({
      directory: join(directory, name),
      name: "test",
      store: new PostgresAuditStore(database),
      witnesses: [fileWitness({ directory: join(directory, "elsewhere") })],
    });
  }

  function append(to: AuditLog, object: string): Promise<unknown> {
    const actor = { kind: "user", id: "alice" } as const;
    return to.append({ actor, action: "secret.read", object, request: "r", outcome: "success" });
  }

  it("who changes nothing is not accused", async () => {
    expect(await log.verify()).toMatchObject({ ok: true, size });
  });

  const deeds: readonly [string, readonly string[], number | null][] = [
    [
      "edits an entry",
      ["UPDATE lotse.audit_entries SET line = replace(line, 'object-7', 'object-0') WHERE index = 7"],
      7,
    ],
    ["deletes an entry", ["DELETE FROM lotse.audit_entries WHERE index = 7"], 7],
    [
      "deletes an entry and closes the gap",
      [
        "DELETE FROM lotse.audit_entries WHERE index = 7",
        "UPDATE lotse.audit_entries SET index = index + 1000 WHERE index > 7",
        "UPDATE lotse.audit_entries SET index = index - 1001 WHERE index > 1000",
      ],
      7,
    ],
    [
      "swaps two entries",
      [
        "UPDATE lotse.audit_entries SET index = -1 WHERE index = 7",
        "UPDATE lotse.audit_entries SET index = 7 WHERE index = 9",
        "UPDATE lotse.audit_entries SET index = 9 WHERE index = -1",
      ],
      7,
    ],
    ["cuts off the last entries", ["DELETE FROM lotse.audit_entries WHERE index >= 15"], 15],
    [
      "cuts off everything",
      ["DELETE FROM lotse.audit_entries", "DELETE FROM lotse.audit_hashes", "DELETE FROM lotse.audit_log"],
      null,
    ],
    ["changes a hash", ["UPDATE lotse.audit_hashes SET hash = sha256('x') WHERE position = 3"], null],
    ["puts the checkpoint away", ["UPDATE lotse.audit_log SET checkpoint = ''"], null],
  ];
  it.each(deeds)("who %s is found out", async (_, statements, index) => {
    for (const sql of statements) await database.query(sql);
    const report = await log.verify();
    expect(report.ok).toBe(false);
    expect(report.reason).not.toBeNull();
    if (index !== null) expect(report.firstBadIndex).toBe(index);
  });

  it("who puts another log in its place is found out", async () => {
    const publicKey = await log.publicKey();
    await empty();
    const forged = openAuditLog({
      directory: join(directory, "forged"),
      name: "test",
      store: new PostgresAuditStore(database),
    });
    for (let at = 0; at < size; at++) await append(forged, `other-${at}`);
    await forged.close();
    expect(await open().verify(publicKey === null ? {} : { publicKey })).toMatchObject({ ok: false });
  });

  it("who forks it is found out, although whoever went on had the key", async () => {
    const tables = ["audit_log", "audit_entries", "audit_hashes", "audit_sequences", "audit_actors"];
    for (const table of tables) await database.query(`CREATE TABLE fork_${table} AS TABLE lotse.${table}`);
    try {
      for (let at = 0; at < 5; at++) await append(log, `later-${at}`);
      await log.close();
      await empty();
      for (const table of tables) await database.query(`INSERT INTO lotse.${table} TABLE fork_${table}`);
      // The same key, and nobody there who remembers.
      const store = new PostgresAuditStore(database);
      const fork = openAuditLog({ directory: join(directory, "log"), name: "test", store });
      for (let at = 0; at < 10; at++) await append(fork, `other-${at}`);
      expect(await fork.verify()).toMatchObject({ ok: true, size: size + 10 });
      await fork.close();
      log = open();
      expect(await log.verify()).toMatchObject({ ok: false });
    } finally {
      for (const table of tables) await database.query(`DROP TABLE fork_${table}`);
    }
  });

  it("who goes back to an older state is found out, and nothing is appended to it", async () => {
    const { rows } = await database.query<{ checkpoint: string }>("SELECT checkpoint FROM lotse.audit_log");
    for (let at = 0; at < 5; at++) await append(log, `later-${at}`);
    await database.query("DELETE FROM lotse.audit_entries WHERE index >= 20");
    await database.query("UPDATE lotse.audit_log SET checkpoint = $1", [rows[0]?.checkpoint]);
    expect(await log.verify()).toMatchObject({ ok: false });
    await expect(append(open(), "new")).rejects.toMatchObject({ code: "audit.unavailable" });
  });
});
