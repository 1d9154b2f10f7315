import { join } from "node:path";
import { openAuditLog, type AuditLog, type AuditStore, maxBatch } from "@lotse/core/audit";
import type { AuditEvent } from "@lotse/core/kernel";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Database } from "../database/database.ts";
import { migrate } from "../database/migrate.ts";
import { TestServer } from "../testing/test-server.ts";
import { changeAndRecord, recordIn } from "./outbox.ts";
import { PostgresAuditStore } from "./postgres-store.ts";
import { Sequencer } from "./sequencer.ts";

const timeout = 300_000;
let server: TestServer;
let database: Database;
let directory: string;
let made = 0;
beforeAll(async () => {
  server = await TestServer.start();
}, timeout);
afterAll(() => server.dispose(), timeout);
beforeEach(async () => {
  const name = `sequencer-${made++}`;
  const url = await server.database(name);
  database = new Database({ url });
  directory = join(server.root, name);
  await migrate(database, url);
}, timeout);
afterEach(() => database.close());

const open = (store: AuditStore): AuditLog => openAuditLog({ directory, name: "test", store });

function event(object: string): AuditEvent {
  const actor = { kind: "user", id: "alice" } as const;
  return { actor, action: "rollout.start", object, request: "r", outcome: "success" };
}

function record(objects: readonly string[]): Promise<void> {
  return database.transaction(async (transaction) => {
    for (const object of objects) await recordIn(transaction, event(object));
  });
}

async function objects(): Promise<readonly string[]> {
  const log = open(new PostgresAuditStore(database));
  const found: string[] = [];
  for await (const { object } of log.list()) found.push(object ?? "");
  expect(await log.verify()).toMatchObject({ ok: true, reason: null, unsigned: 0 });
  // The newest comes first.
  return found.reverse();
}

const names = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => `${prefix}-${at}`);

describe("the sequencer", { timeout }, () => {
  it("gives entries their place in the order in which they were written, each one place", async () => {
    await record(names("a", 3));
    await record(names("b", maxBatch + 200));
    const sequencer = new Sequencer({ database, open });
    while ((await sequencer.sequence()) > 0);
    expect(await objects()).toEqual([...names("a", 3), ...names("b", maxBatch + 200)]);
  });

  it("places the entry of a change of one statement, and has none where nothing was changed", async () => {
    await database.query("CREATE TABLE changed (n int NOT NULL CHECK (n < 3))");
    await database.query("INSERT INTO changed VALUES (0)");
    const grow = (to: number): Promise<boolean> => {
      const expressions = "changed AS (UPDATE changed SET n = $1 WHERE n < $1 RETURNING n)";
      return changeAndRecord(database, { name: "grow", expressions, values: [to] }, event(`to-${to}`));
    };
    expect(await grow(2)).toBe(true);
    expect(await grow(1)).toBe(false);
    await expect(grow(3)).rejects.toThrow("violates check constraint");
    const odd = { ...event("x"), action: "not an action" };
    const change = { name: "odd", expressions: "changed AS (DELETE FROM changed RETURNING n)", values: [] };
    await expect(changeAndRecord(database, change, odd)).rejects.toMatchObject({ code: "audit.unavailable" });
    expect((await database.query("SELECT n FROM changed")).rows).toEqual([{ n: 2 }]);
    const sequencer = new Sequencer({ database, open });
    while ((await sequencer.sequence()) > 0);
    expect(await objects()).toEqual(["to-2"]);
  });

  it("knows nothing of a change that was undone", async () => {
    const undone = database.transaction(async (transaction) => {
      await recordIn(transaction, event("undone"));
      throw new Error("no");
    });
    await expect(undone).rejects.toThrow("no");
    await record(["done"]);
    await new Sequencer({ database, open }).sequence();
    expect(await objects()).toEqual(["done"]);
  });

  it("can run several times, beside others that append, and each entry gets one place", async () => {
    const sequencers = [1, 2, 3].map(() => new Sequencer({ database, open }));
    const direct = open(new PostgresAuditStore(database));
    const running = sequencers.map((sequencer) => sequencer.run());
    const waiting = names("waiting", 60);
    for (const object of waiting) {
      await record([object]);
      if (object.endsWith("0")) await direct.append(event(`direct-${object}`));
    }
    while ((await database.query("SELECT FROM lotse.audit_outbox")).rows.length > 0)
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    for (const sequencer of sequencers) sequencer.stop();
    await Promise.all(running);
    const found = await objects();
    expect(found.filter((object) => object.startsWith("waiting")).toSorted()).toEqual(waiting.toSorted());
    expect(found.filter((object) => object.startsWith("direct"))).toHaveLength(6);
  });

  it("places an entry within a second while nothing else happens", async () => {
    const sequencer = new Sequencer({ database, open });
    const running = sequencer.run();
    try {
      const waits: number[] = [];
      for (const object of names("one", 10)) {
        await record([object]);
        const from = performance.now();
        while ((await database.query("SELECT FROM lotse.audit_outbox")).rows.length > 0)
          await new Promise((resolve) => {
            setTimeout(resolve, 10);
          });
        waits.push(performance.now() - from);
      }
      // What is usual, since a machine may be busy with other things for a moment.
      expect(waits.toSorted((a, b) => a - b)[5]).toBeLessThan(1000);
    } finally {
      sequencer.stop();
      await running;
    }
  });

  it("marks what has no room in the log, and goes on with what follows", async () => {
    await record(["before"]);
    await database.query("INSERT INTO lotse.audit_outbox (event) VALUES ($1)", [
      JSON.stringify({ ...event("bad"), action: "no action" }),
    ]);
    await record(["after"]);
    const sequencer = new Sequencer({ database, open });
    expect(await sequencer.sequence()).toBe(2);
    expect(await sequencer.sequence()).toBe(0);
    expect(await objects()).toEqual(["before", "after"]);
    const { rows } = await database.query<{ refused: string }>("SELECT refused FROM lotse.audit_outbox");
    expect(rows[0]?.refused).toContain("cannot be recorded");
  });

  it("tells what keeps entries waiting, and keeps them", async () => {
    await record(["one"]);
    await new Sequencer({ database, open }).sequence();
    await record(["two", "three"]);
    const elsewhere = join(directory, "elsewhere");
    const noKey = (store: AuditStore): AuditLog =>
      openAuditLog({ directory: elsewhere, name: "test", store });
    const { promise: told, resolve } = Promise.withResolvers<string>();
    const sequencer = new Sequencer({ database, open: noKey, onError: ({ code }) => resolve(code) });
    const running = sequencer.run();
    expect(await told).toBe("audit.unavailable");
    sequencer.stop();
    await running;
    expect(await objects()).toEqual(["one"]);
    await new Sequencer({ database, open }).sequence();
    expect(await objects()).toEqual(["one", "two", "three"]);
  });

  it.each([
    ["a long name", { object: "x".repeat(5000) }],
    ["a malformed action", { action: "no action" }],
    ["a NUL in the actor's name", { actor: { kind: "user", id: "a\0b" } as const }],
    ["half a character in the actor's name", { actor: { kind: "user", id: "a\ud83d" } as const }],
    [
      "too much in all",
      { details: Object.fromEntries(names("d", 30).map((key) => [key, "\u{1F600}".repeat(1000)])) },
    ],
  ])("takes no entry with %s", async (_, parts) => {
    const act = database.transaction((t) => recordIn(t, { ...event("x"), ...parts }));
    await expect(act).rejects.toMatchObject({ code: "audit.unavailable" });
  });
});
