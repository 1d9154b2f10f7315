import { globalParams } from "@dbos-inc/dbos-sdk/internal/utils";
import { Sensitive } from "@lotse/core/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FlakyProxy } from "../testing/flaky-proxy.ts";
import { freePort } from "../postgres/state.ts";
import { TestServer } from "../testing/test-server.ts";
import { WorkerProcess } from "../testing/worker-process.ts";
import { isConnectionLoss } from "./connection-loss.ts";
import { Database } from "./database.ts";
import { identityOf } from "./identity.ts";
import { dbosVersion, migrate } from "./migrate.ts";
import { transactOnce } from "./once.ts";

const timeout = 300_000;
let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
}, timeout);
afterAll(() => server.dispose(), timeout);

const withCode = (code: string): Error => Object.assign(new Error("x"), { code });

describe("which errors say that the server is away", () => {
  it.each([
    [withCode("57P01"), true],
    [withCode("57P03"), true],
    [withCode("08006"), true],
    [withCode("40P01"), true],
    [withCode("ECONNREFUSED"), true],
    [new AggregateError([withCode("ECONNREFUSED")], "x"), true],
    [withCode("25P03"), true],
    [new Error("Connection terminated unexpectedly"), true],
    [new Error("timeout expired"), true],
    [new Error("x", { cause: withCode("ECONNRESET") }), true],
    [withCode("23505"), false],
    [withCode("42P01"), false],
    [withCode("28P01"), false],
    [new Error("no"), false],
    ["ECONNREFUSED", false],
  ])("%s: %s", (error, expected) => {
    expect(isConnectionLoss(error)).toBe(expected);
  });
});

describe("the database", { timeout }, () => {
  it("goes on when the server comes back", async () => {
    const database = new Database({ url: await server.database("back") });
    try {
      await database.query("CREATE TABLE t (n int)");
      server.kill();
      const waiting = Promise.all([
        database.query("SELECT 1 AS one"),
        database.transaction((t) => t.query("INSERT INTO t VALUES (1)")),
      ]);
      await server.restart();
      await waiting;
      expect((await database.query("SELECT n FROM t")).rows).toEqual([{ n: 1 }]);
    } finally {
      await database.close();
    }
  });

  it("has the server look whether the other end still lives", async () => {
    const database = new Database({ url: await server.database("vanished") });
    try {
      const { rows } = await database.prepared(
        "settings",
        `SELECT current_setting('tcp_user_timeout') AS unheard, current_setting('tcp_keepalives_idle') AS idle,
           current_setting('idle_in_transaction_session_timeout') AS silent`,
        [],
      );
      expect(rows).toEqual([{ unheard: "10000", idle: "3", silent: "5s" }]);
    } finally {
      await database.close();
    }
  });

  it("gives up after the time that it was given", async () => {
    const url = new Sensitive("postgresql://lotse@127.0.0.1:1/lotse");
    const database = new Database({ url, giveUpMs: 100 });
    await expect(database.query("SELECT 1")).rejects.toMatchObject({ code: "database.unavailable" });
    await database.close();
  });

  it("does not try again what the server refuses, and undoes the transaction", async () => {
    const database = new Database({ url: await server.database("refused"), connections: 1 });
    try {
      await database.query("CREATE TABLE t (n int UNIQUE)");
      const act = database.transaction(async (t) => {
        await t.query("INSERT INTO t VALUES (1)");
        await t.query("INSERT INTO t VALUES (1)");
      });
      await expect(act).rejects.toMatchObject({ code: "23505" });
      expect((await database.query("SELECT n FROM t")).rows).toEqual([]);
    } finally {
      await database.close();
    }
  });

  it("repeats a transaction whose connection was cut", async () => {
    const url = await server.database("cut");
    const { proxy, port } = await FlakyProxy.listen(server.server.port, 1_000_000);
    const database = new Database({ url: new Sensitive(url.reveal().replace(/:\d+\//u, `:${port}/`)) });
    try {
      await database.query("CREATE TABLE t (n int)");
      let attempts = 0;
      await database.transaction(async (t) => {
        await t.query("INSERT INTO t VALUES (1)");
        if (++attempts === 1) proxy.cut();
        await t.query("INSERT INTO t VALUES (2)");
      });
      expect(attempts).toBe(2);
      expect((await database.query("SELECT n FROM t ORDER BY n")).rows).toEqual([{ n: 1 }, { n: 2 }]);
    } finally {
      await database.close();
      await proxy.close();
    }
  });
});

describe("a transaction that takes effect once", { timeout }, () => {
  it("does so when the answer to its commit is lost", async () => {
    const url = await server.database("once");
    const direct = new Database({ url });
    await migrate(direct, url);
    await direct.query("CREATE TABLE t (n int)");
    // Two statements, and the commit.
    const { proxy, port } = await FlakyProxy.listen(server.server.port, 3);
    const database = new Database({ url: new Sensitive(url.reveal().replace(/:\d+\//u, `:${port}/`)) });
    try {
      await transactOnce(database, async (t) => {
        await t.query("INSERT INTO t VALUES (1)");
      });
      expect(proxy.lost).toBe(1);
      expect((await direct.query("SELECT n FROM t")).rows).toEqual([{ n: 1 }]);
    } finally {
      await database.close();
      await direct.close();
      await proxy.close();
    }
  });
});

describe("the tables", { timeout }, () => {
  it("are those of the version of DBOS that is installed", () => {
    expect(dbosVersion).toBe(globalParams.dbosVersion);
  });

  it("are not waited for longer than the database is", { timeout: 30_000 }, async () => {
    const url = new Sensitive(`postgresql://lotse:secret@127.0.0.1:${await freePort()}/lotse`);
    const database = new Database({ url, giveUpMs: 2000 });
    try {
      await expect(migrate(database, url)).rejects.toMatchObject({ code: "database.unavailable" });
    } finally {
      await database.close();
    }
  });

  it("say which database they are of, for as long as it lives", async () => {
    const names: string[] = [];
    const first = await server.database("identity");
    for (const url of [first, first, await server.database("another")]) {
      const database = new Database({ url });
      await migrate(database, url);
      names.push(await identityOf(database));
      await database.close();
    }
    const [name, again, other] = names;
    expect(name).toMatch(/^database-[0-9a-f-]{36}$/u);
    expect(again).toBe(name);
    expect(other).not.toBe(name);
  });

  it("are made once by processes that start first at the same moment", async () => {
    const url = await server.database("first");
    const workers = [1, 2, 3].map(() => new WorkerProcess({ url, world: server.root }));
    try {
      await Promise.all(workers.map((worker) => worker.ready()));
      const database = new Database({ url });
      await migrate(database, url);
      const { rows } = await database.query(
        "SELECT count(*)::int AS n FROM lotse.leases WHERE ended_at IS NULL",
      );
      expect(rows).toEqual([{ n: 3 }]);
      await database.close();
    } finally {
      await Promise.all(workers.map((worker) => worker.kill()));
    }
  });
});
