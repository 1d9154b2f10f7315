import { Sensitive } from "@lotse/core/kernel";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { FlakyProxy } from "../testing/flaky-proxy.ts";
import { TestServer } from "../testing/test-server.ts";
import { Database } from "./database.ts";
import { SharedConnections } from "./shared-connections.ts";

const timeout = 300_000;
const numbers = Array.from({ length: 60 }, (_, at) => at);
let server: TestServer;
let url: Sensitive<string>;
let database: Database;
let made = 0;
beforeAll(async () => {
  server = await TestServer.start();
}, timeout);
afterAll(() => server.dispose(), timeout);
beforeEach(async () => {
  url = await server.database(`shared-${made++}`);
  database = new Database({ url, connections: 3 });
  await database.query("CREATE TABLE t (n int PRIMARY KEY CHECK (n <> 13))");
}, timeout);
afterEach(() => database.close());

const insert = (through: Database, n: number): Promise<number | null> =>
  through
    .prepared("insert", "INSERT INTO t VALUES ($1) ON CONFLICT (n) DO UPDATE SET n = t.n", [n])
    .then(({ rowCount }) => rowCount);

async function stored(): Promise<readonly number[]> {
  const { rows } = await database.query<{ n: number }>("SELECT n FROM t ORDER BY n");
  return rows.map(({ n }) => n);
}

async function connections(): Promise<number> {
  const { rows } = await database.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM pg_stat_activity
     WHERE datname = current_database() AND query LIKE 'INSERT INTO t%'`,
  );
  return rows[0]?.n ?? -1;
}

describe("statements that share connections", { timeout }, () => {
  it("get each their own answer, and no more connections than are allowed", async () => {
    const results = await Promise.allSettled(numbers.map((n) => insert(database, n)));
    for (const [n, result] of results.entries()) {
      if (n === 13) expect(result).toMatchObject({ status: "rejected", reason: { code: "23514" } });
      else expect(result).toEqual({ status: "fulfilled", value: 1 });
    }
    expect(await stored()).toEqual(numbers.filter((n) => n !== 13));
    expect(await connections()).toBe(3);
  });

  it("need one connection when they follow each other", async () => {
    for (const n of [1, 2, 3, 4]) await insert(database, n);
    expect(await connections()).toBe(1);
  });

  it("are not held up by one that waits, while there are other connections", async () => {
    await insert(database, 1);
    await database.transaction(async (transaction) => {
      await transaction.query("DELETE FROM t WHERE n = 1");
      const waiting = insert(database, 1);
      await insert(database, 2);
      await transaction.query("COMMIT");
      await waiting;
    });
    expect(await stored()).toEqual([1, 2]);
  });

  it("all take effect when their connections are cut, and answers are lost", async () => {
    const { proxy, port } = await FlakyProxy.listen(server.server.port, 7);
    const flaky = new Database({
      url: new Sensitive(url.reveal().replace(/:\d+\//u, `:${port}/`)),
      connections: 3,
    });
    try {
      const wanted = numbers.filter((n) => n !== 13);
      const inserting = Promise.all(wanted.map((n) => insert(flaky, n)));
      setTimeout(() => proxy.cut(), 5);
      await inserting;
      expect(await stored()).toEqual(wanted);
      expect(proxy.lost).toBeGreaterThan(0);
    } finally {
      await flaky.close();
      await proxy.close();
    }
  });

  it("fail when nobody listens, and work once somebody does", async () => {
    const { proxy, port } = await FlakyProxy.listen(server.server.port, 1_000_000);
    await proxy.close();
    const away = new Database({
      url: new Sensitive(url.reveal().replace(/:\d+\//u, `:${port}/`)),
      giveUpMs: 100,
    });
    try {
      await expect(insert(away, 1)).rejects.toMatchObject({ code: "database.unavailable" });
      const back = await FlakyProxy.listen(server.server.port, 1_000_000, port);
      try {
        expect(await insert(away, 1)).toBe(1);
      } finally {
        await back.proxy.close();
      }
    } finally {
      await away.close();
    }
  });

  it("are finished before the database is closed, and refused afterwards", async () => {
    const closing = new Database({ url, connections: 2, giveUpMs: 0 });
    const inserting = Promise.all([1, 2, 3, 4, 5].map((n) => insert(closing, n)));
    await closing.close();
    expect(await inserting).toEqual([1, 1, 1, 1, 1]);
    await expect(insert(closing, 6)).rejects.toMatchObject({ code: "database.unavailable" });
    expect(await stored()).toEqual([1, 2, 3, 4, 5]);
  });

  it("leave no connection open that nobody uses", async () => {
    const shared = new SharedConnections({ connectionString: url.reveal() }, 2, 50);
    try {
      await shared.query({ text: "INSERT INTO t VALUES (1)" });
      expect(await connections()).toBe(1);
      await expect.poll(connections, { timeout: 10_000 }).toBe(0);
      await shared.query({ text: "INSERT INTO t VALUES (2)" });
      expect(await stored()).toEqual([1, 2]);
    } finally {
      await shared.close();
    }
  });
});
