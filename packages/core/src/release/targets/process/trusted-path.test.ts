import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { supervisorClient } from "./supervisor-client.ts";
import { faultOf, refuseForeignPath, type PathKind } from "./trusted-path.ts";

const uid = 1000;

describe("a path of the supervisor", () => {
  it.each<readonly [PathKind, number, number, string | null]>([
    ["file", uid, 0o600, null],
    ["file", uid, 0o644, null],
    ["file", 0, 0o600, null],
    ["file", uid + 1, 0o600, "belongs to another user"],
    ["file", uid, 0o620, "can be used by others"],
    ["file", uid, 0o602, "can be used by others"],
    ["socket", uid, 0o600, null],
    ["socket", uid, 0o700, null],
    ["socket", uid, 0o640, "can be used by others"],
    ["socket", uid, 0o606, "can be used by others"],
    ["socket", uid + 1, 0o600, "belongs to another user"],
    ["directory", uid, 0o755, null],
    ["directory", 0, 0o1777, null],
    ["directory", uid, 0o777, "can be used by others"],
    ["directory", uid + 1, 0o700, "belongs to another user"],
  ])("is a %s of user %i with mode %o", (kind, owner, mode, fault) => {
    const is = (wanted: PathKind) => (): boolean => wanted === kind;
    const found = { isFile: is("file"), isSocket: is("socket"), isDirectory: is("directory") };
    expect(faultOf({ uid: owner, mode, ...found }, kind, uid)).toBe(fault);
    const other = kind === "file" ? "socket" : "file";
    expect(faultOf({ uid: owner, mode, ...found }, other, uid)).toBe(`is no ${other}`);
  });
});

describe("a client of the supervisor", () => {
  let directory: string;
  let lotse: string;
  let asked: number;
  const server = createServer((socket) => {
    asked += 1;
    socket.resume();
    socket.end('{"ok":true,"result":null}\n');
  });
  beforeEach(async () => {
    asked = 0;
    directory = await mkdtemp(join(tmpdir(), "lotse-socket-"));
    lotse = join(directory, ".lotse");
    await mkdir(join(lotse, "run"), { recursive: true, mode: 0o700 });
    await new Promise<void>((resolve) => server.listen(join(directory, "s.sock"), resolve));
    await chmod(join(directory, "s.sock"), 0o600);
    const record = {
      schema: 1,
      process: { pid: process.pid, started: null },
      socket: join(directory, "s.sock"),
    };
    await writeFile(join(lotse, "run/supervisor.json"), JSON.stringify(record), { mode: 0o600 });
  });
  afterEach(async () => {
    await new Promise((resolve) => server.close(resolve));
    await rm(directory, { recursive: true });
  });

  it("talks to a socket that is its own", async () => {
    expect(await supervisorClient(lotse).call({ method: "ping" })).toBeNull();
    expect(asked).toBe(2);
  });

  it.each([
    ["the socket is open to others", "s.sock", 0o666],
    ["others may put another socket in its place", ".", 0o777],
    ["others may write the file that names it", ".lotse/run/supervisor.json", 0o666],
    ["others may put another file in its place", ".lotse/run", 0o777],
  ])("says nothing where %s", async (_, path, mode) => {
    await chmod(join(directory, path), mode);
    await expect(supervisorClient(lotse).call({ method: "ping" })).rejects.toMatchObject({
      code: "file.outside",
    });
    expect(asked).toBe(0);
  });

  it("refuses a file where the socket should be, and finds none where there is nothing", async () => {
    const path = join(directory, "plain");
    expect(await refuseForeignPath(path, "socket")).toBe(false);
    await writeFile(path, "");
    await expect(refuseForeignPath(path, "socket")).rejects.toMatchObject({ code: "file.outside" });
  });
});
