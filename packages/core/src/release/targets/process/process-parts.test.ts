import { appendFile, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { backOffMs } from "./app-process.ts";
import { boundLog, lastLines, openLog } from "./log-file.ts";
import { chooseSocketPath, processPaths } from "./paths.ts";
import { parseProcessSpec } from "./spec.ts";
import { startLoad } from "../../testing/load.ts";
import { until } from "../../testing/test-workspace.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "lotse-parts-"));
});
afterAll(() => rm(directory, { recursive: true }));

describe("parseProcessSpec", () => {
  it("fills in the defaults", () => {
    expect(parseProcessSpec({ type: "process", command: ["node", "a.js"] })).toEqual({
      type: "process",
      command: ["node", "a.js"],
      port: 0,
      health: {
        kind: "http",
        path: "/health",
        "interval-ms": 200,
        "timeout-ms": 2000,
        successes: 2,
        "deadline-ms": 15_000,
      },
      verify: { "duration-ms": 500 },
      "drain-timeout-ms": 30_000,
    });
  });

  it.each<[unknown, string]>([
    [null, "target"],
    [{ type: "host", command: ["x"] }, "target.type"],
    [{ type: "process", command: [] }, "target.command"],
    [{ type: "process", command: "node a.js" }, "target.command"],
    [{ type: "process", command: ["x"], port: 70_000 }, "target.port"],
    [{ type: "process", command: ["x"], health: { path: "http://x/" } }, "target.health.path"],
    [{ type: "process", command: ["x"], health: { path: "/a b" } }, "target.health.path"],
    [{ type: "process", command: ["x"], health: { interval: 1 } }, "target.health"],
    [{ type: "process", command: ["x"], health: { kind: "systemd" } }, "target.health.kind"],
    [{ type: "process", command: ["x"], health: { kind: "command" } }, "target.health.run"],
    [{ type: "process", command: ["x"], "drain-timeout-ms": -1 }, "target.drain-timeout-ms"],
  ])("refuses %j at %s", (value, path) => {
    expect(() => parseProcessSpec(value)).toThrow(
      expect.objectContaining({ code: "target.spec", where: { path } }) as Error,
    );
  });
});

describe("log", () => {
  it("is cut past its bound, keeping the end", async () => {
    const path = join(directory, "logs/x.log");
    const log = await openLog(path);
    await log.close();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await lastLines(path)).toEqual([]);
    await appendFile(path, `${"old line\n".repeat(100)}last \u001b[31mwords\n\n`);
    await boundLog(path, 10_000);
    expect(await lastLines(path, 2)).toEqual(["old line", "last  [31mwords"]);
    await boundLog(path, 500);
    expect((await stat(path)).size).toBe(0);
    expect((await readFile(`${path}.1`, "utf8")).length).toBe(500);
    expect(await lastLines(join(directory, "none"))).toEqual([]);
    await boundLog(join(directory, "none"));
  });
});

it("waits longer after each crash, up to a bound", () => {
  expect([1, 2, 3, 8, 9, 1000].map((crashes) => backOffMs(crashes))).toEqual([
    200, 400, 800, 25_600, 30_000, 30_000,
  ]);
});

it("puts the socket where a socket address fits", async () => {
  const near = processPaths("/home/me/work/.lotse");
  expect(await chooseSocketPath(near)).toBe("/home/me/work/.lotse/run/supervisor.sock");
  const far = await chooseSocketPath(processPaths(`/home/${"ä".repeat(60)}/.lotse`));
  expect(far.startsWith(tmpdir())).toBe(true);
  expect((await stat(dirname(far))).mode & 0o777).toBe(0o700);
  await rm(dirname(far), { recursive: true });
});

it("the load generator counts every failure and names it", async () => {
  const server = createServer((request, response) => {
    if (request.url === "/ok") response.end("x");
    else if (request.url === "/500") response.writeHead(500).end();
    else if (request.url === "/cut") request.socket.destroy();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const urls = ["ok", "500", "cut", "hang"].map((path) => `http://127.0.0.1:${port}/${path}`);
  const load = startLoad({ urls, ratePerSecond: 200, timeoutMs: 200, phase: "one" });
  await until("answers", () => load.okInPhase() >= 5);
  load.phase("two");
  await until("answers", () => load.okInPhase() >= 5);
  const { phases, total } = await load.stop();
  server.closeAllConnections();
  server.close();
  expect(phases.map(({ name }) => name)).toEqual(["one", "two"]);
  expect(total.sent).toBe(total.ok + total.failed);
  expect(total.sent).toBe(phases.reduce((sum, { sent }) => sum + sent, 0));
  expect(Object.keys(total.reasons).sort()).toEqual(["ECONNRESET", "no answer in time", "status 500"]);
  expect(total.p50Ms).toBeLessThanOrEqual(total.p99Ms);
});
