import { createServer, type RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { createServer as createSocketServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { selfSigned } from "../../../secrets/sops/testing/self-signed.ts";
import { settingsSchema } from "../../settings.ts";
import { probeHttp } from "./http.ts";
import { openProbes } from "./index.ts";
import { portAnswers } from "./port.ts";
import { probePostgresql } from "./postgresql.ts";
import { probeTls } from "./tls.ts";

const host = "127.0.0.1";
const pair = selfSigned("localhost");
const running: Server[] = [];
const sockets = new Set<Socket>();

/** Starts a server on a free port, to be stopped after the test. */
async function started(server: Server): Promise<number> {
  running.push(server);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, host, resolve);
  });
  return (server.address() as AddressInfo).port;
}

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await Promise.all(
    running.splice(0).map(
      (server) =>
        new Promise((resolve) => {
          server.close(resolve);
        }),
    ),
  );
});

/** A port that nothing listens on. */
async function closedPort(): Promise<number> {
  const server = createSocketServer();
  const port = await started(server);
  await new Promise((resolve) => {
    running.pop()?.close(resolve);
  });
  return port;
}

const tls = (options: TlsOptions): Promise<number> => started(createTlsServer({ ...pair, ...options }));
const http = (listener: RequestListener): Promise<number> => started(createServer(listener));
const https = (listener: RequestListener): Promise<number> => started(createSecureServer(pair, listener));

describe("probeTls", () => {
  it.each<[string, TlsOptions, readonly string[]]>([
    ["1.3 only", { minVersion: "TLSv1.3" }, ["TLSv1.3"]],
    ["1.2 and 1.3", { minVersion: "TLSv1.2" }, ["TLSv1.2", "TLSv1.3"]],
    [
      "old versions as well",
      { minVersion: "TLSv1", maxVersion: "TLSv1.2", ciphers: "DEFAULT:@SECLEVEL=0" },
      ["TLSv1", "TLSv1.1", "TLSv1.2"],
    ],
  ])("finds %s", async (_, options, versions) => {
    expect(await probeTls(host, await tls(options))).toMatchObject({
      versions,
      notAfter: "2049-12-31T23:59:59.000Z",
    });
  });

  it("finds nothing where something else or nobody answers, or all are silent", async () => {
    const nothing = { versions: [], notAfter: undefined };
    expect(await probeTls(host, await http((_, response) => response.end()))).toMatchObject(nothing);
    expect(await probeTls(host, await closedPort())).toMatchObject(nothing);
    expect(await probeTls(host, await started(createSocketServer()), 50)).toMatchObject(nothing);
  });
});

describe("probeHttp", () => {
  const hsts =
    (value?: string): RequestListener =>
    (_, response) => {
      if (value !== undefined) response.setHeader("Strict-Transport-Security", value);
      response.end();
    };

  it.each([
    ["max-age=31536000; includeSubDomains", 31_536_000],
    ['includeSubDomains; max-age="600"', 600],
    ["includeSubDomains", undefined],
    [undefined, undefined],
  ])("follows a redirect and reads %j", async (value, seconds) => {
    const port = await https(hsts(value));
    const plain = await http((_, response) =>
      response.writeHead(308, { location: `https://${host}:${port}/` }).end(),
    );
    expect(await probeHttp(`http://${host}:${plain}/`)).toMatchObject({
      redirectsToHttps: true,
      hstsMaxAgeSeconds: seconds,
    });
  });

  it.each<[string, RequestListener]>([
    ["an answer without one", hsts("max-age=31536000")],
    [
      "one to plain HTTP",
      (_, response) => response.writeHead(302, { location: "http://example.com/" }).end(),
    ],
    ["one without a place", (_, response) => response.writeHead(302).end()],
  ])("is no redirect: %s", async (_, listener) => {
    expect(await probeHttp(`http://${host}:${await http(listener)}/`)).toMatchObject({
      redirectsToHttps: false,
      hstsMaxAgeSeconds: undefined,
    });
  });

  it("knows nothing where nobody answers", async () => {
    expect(await probeHttp(`http://${host}:${await closedPort()}/`)).toBeUndefined();
    expect(await probeHttp(`http://${host}:${await started(createSocketServer())}/`, 50)).toBeUndefined();
  });
});

describe("probePostgresql", () => {
  /** Answers the packet that asks for TLS, and whatever else with nothing. */
  const server = (answer: string): Promise<number> =>
    started(
      createSocketServer((socket) => {
        socket.on("data", (packet: Buffer) => {
          if (packet.toString("hex") === "0000000804d2162f") socket.write(answer);
        });
      }),
    );

  it.each([
    ["S", true],
    ["N", false],
    ["E", undefined],
  ])("takes %s for %s", async (answer, expected) => {
    expect(await probePostgresql(host, await server(answer))).toBe(expected);
  });

  it("knows nothing where nobody answers", async () => {
    expect(await probePostgresql(host, await closedPort())).toBeUndefined();
    expect(await probePostgresql(host, await server(""), 50)).toBeUndefined();
    expect(
      await probePostgresql(host, await started(createSocketServer((socket) => socket.end()))),
    ).toBeUndefined();
  });
});

it("portAnswers tells an open port from a closed one", async () => {
  expect(await portAnswers(host, await started(createSocketServer()))).toBe(true);
  expect(await portAnswers(host, await closedPort())).toBe(false);
});

it("openProbes makes facts of what answers, for the scopes that the settings name", async () => {
  const secure = await https((_, response) =>
    response.setHeader("Strict-Transport-Security", "max-age=60").end(),
  );
  const plain = await http((_, response) =>
    response.writeHead(301, { location: `https://${host}:${secure}/` }).end(),
  );
  const database = await started(createSocketServer((socket) => socket.on("data", () => socket.write("S"))));
  const { probes } = settingsSchema.parse({
    version: 1,
    probes: [
      {
        environments: ["prod"],
        tls: [
          { host, port: secure },
          { host, port: await closedPort() },
        ],
        http: [`http://${host}:${plain}/`],
        ports: { host, database },
        postgresql: { host, port: database },
      },
    ],
  });
  const source = await openProbes(probes, "2026-06-15T12:00:00Z");
  const facts = source.facts({ environment: "prod", tenant: "shop" });
  expect(Object.fromEntries([...facts].map(([name, { value }]) => [name, value]))).toEqual({
    "probe.tls": { versions: ["TLSv1.2", "TLSv1.3"] },
    "probe.certificates": [{ name: `${host}:${secure}`, "not-after": "2049-12-31T23:59:59.000Z" }],
    "probe.http": { redirects_to_https: true, hsts_max_age_seconds: 60 },
    "probe.ports": { database_open: true },
    "probe.postgresql": { tls: true },
  });
  expect(facts.get("probe.tls")?.evidence).toMatchObject({
    source: "probe",
    path: `${host}:${secure}`,
    at: "2026-06-15T12:00:00Z",
  });
  expect(source.facts({ environment: "dev", tenant: "shop" }).size).toBe(0);
});
