import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createPlain, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, type Server, type TlsOptions } from "node:tls";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Sensitive } from "../../kernel/index.ts";
import { fixtureRun, hostile } from "../reports/testing/fixture.ts";
import {
  formatCef,
  formatJsonLine,
  formatSyslog,
  frameOf,
  sendSyslogTls,
  toSiemEvents,
  type LoggedEvent,
} from "./index.ts";

const at = "2026-11-20T06:30:00.000Z";
const logged: LoggedEvent = {
  index: 41,
  time: "2026-11-20T06:29:59.500Z",
  event: {
    actor: { kind: "user", id: "ada" },
    scope: { environment: "production", tenant: "nordlicht-records" },
    action: "secret.read",
    object: "payments/api-key",
    request: "r1",
    outcome: "denied",
    details: { code: "secret.denied" },
  },
};

describe("events", () => {
  test("are the audit entries and the findings, ordered by time", () => {
    const run = fixtureRun();
    const events = toSiemEvents({ audit: [logged], results: run.results, at });
    const findings = run.results.filter(({ status }) => status !== "pass" && status !== "not-applicable");
    expect(events).toHaveLength(1 + findings.length);
    expect(events[0]).toMatchObject({
      kind: "audit",
      severity: "high",
      index: 41,
      tenant: "nordlicht-records",
    });
    expect(events.slice(1).every(({ kind, time }) => kind === "policy" && time === at)).toBe(true);
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    expect(toSiemEvents({ audit: [logged], results: run.results, at })).toEqual(events);
  });

  test("a finding keeps its id from run to run, until what it rests on changes", () => {
    const { results } = fixtureRun();
    const ids = (changed = results, when = at): string[] =>
      toSiemEvents({ results: changed, at: when }).map(({ id }) => id);
    const next = results.map((result) => ({
      ...result,
      message: `${result.message}, today`,
      evidence: result.evidence.map((one) => ({ ...one, at: "2026-11-21T00:00:00.000Z", line: 1 })),
    }));
    expect(ids(next, "2026-11-21T06:30:00.000Z")).toEqual(ids());
    const other = results.map((result) => ({
      ...result,
      evidence: result.evidence.map((one) => ({ ...one, valueHash: "0".repeat(64) })),
    }));
    const kept = new Set(ids());
    const withEvidence = toSiemEvents({ results: other, at }).filter(
      (event) => event.kind === "policy" && event.evidence.length > 0,
    );
    expect(withEvidence.length).toBeGreaterThan(3);
    expect(withEvidence.filter(({ id }) => kept.has(id))).toEqual([]);
  });

  test.each([
    ["secret.read", "success", "info"],
    ["secret.read", "failure", "medium"],
    ["secret.read", "denied", "high"],
    ["config.break-glass", "success", "high"],
  ] as const)("%s that ends with %s is %s", (action, outcome, severity) => {
    const [event] = toSiemEvents({ audit: [{ ...logged, event: { ...logged.event, action, outcome } }], at });
    expect(event?.severity).toBe(severity);
  });

  test("a line of JSON is one line and reads back", () => {
    for (const event of toSiemEvents({
      audit: hostile.map((object, index) => ({ ...logged, index, event: { ...logged.event, object } })),
      at,
    })) {
      expect(formatJsonLine(event)).not.toContain("\n");
      expect(JSON.parse(formatJsonLine(event))).toEqual(event);
    }
  });
});

/** Reads CEF as its standard describes it: the header by unescaped bars, the extension by unescaped equals signs. */
function readCef(line: string): { header: string[]; extension: Record<string, string> } {
  const parts: string[] = [];
  let rest = line;
  while (parts.length < 7) {
    const match = /^((?:\\.|[^\\|])*)\|/su.exec(rest);
    parts.push((match?.[1] ?? "").replaceAll(/\\(.)/gu, "$1"));
    rest = rest.slice(match?.[0].length ?? rest.length);
  }
  const extension: Record<string, string> = {};
  for (const [, key = "", value = ""] of rest.matchAll(
    /(?:^| )([A-Za-z0-9]+)=((?:\\.|[^\\=])*?)(?= [A-Za-z0-9]+=|$)/gsu,
  )) {
    extension[key] = value.replaceAll(/\\(.)/gu, (_, one: string) => (one === "n" ? "\n" : one));
  }
  return { header: parts, extension };
}

describe("CEF", () => {
  test("is as it should be for an audit entry", () => {
    const [event] = toSiemEvents({ audit: [logged], at });
    expect(formatCef(event!, "1.2.3")).toBe(
      `CEF:0|Lotse|Lotse|1.2.3|secret.read|user ada: secret.read payments/api-key in production:nordlicht-records: denied|8|rt=1795156199500 externalId=${event?.id} act=secret.read outcome=denied cs1=production cs1Label=environment cs2=nordlicht-records cs2Label=tenant suser=ada cs3=user cs3Label=actorKind cs4=payments/api-key cs4Label=object cs5=r1 cs5Label=request cn1=41 cn1Label=logIndex`,
    );
  });

  test.each([
    ["a|b", "a\\|b", "a|b"],
    ["a\\b", "a\\\\b", "a\\\\b"],
    ["a=b", "a=b", "a\\=b"],
    ["a\nb", "a b", "a\\nb"],
    ["a\r\nb", "a b", "a\\nb"],
  ])("%j is escaped in the header and in the extension", (object, header, value) => {
    const [event] = toSiemEvents({ audit: [{ ...logged, event: { ...logged.event, object } }], at });
    const line = formatCef(event!, "1");
    expect(line).toContain(`secret.read ${header} in production`);
    expect(line).toContain(`cs4=${value} cs4Label`);
  });

  test("whatever the texts are, a line is read back as it was written", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string(), (object, id) => {
        const event = {
          ...logged.event,
          object: `x${object}=x`,
          actor: { kind: "user" as const, id: `x${id}x` },
        };
        const [made] = toSiemEvents({ audit: [{ ...logged, event }], at });
        const line = formatCef(made!, "1|2");
        expect(line).not.toMatch(/[\r\n]/u);
        const { header, extension } = readCef(line);
        expect(header.slice(0, 5)).toEqual(["CEF:0", "Lotse", "Lotse", "1|2", "secret.read"]);
        const plain = (text: string): string =>
          text
            .toWellFormed()
            .replaceAll(/(?![\t\n\r])\p{Cc}/gu, " ")
            .replaceAll(/\r\n?/gu, "\n");
        if (/^\w+$/u.test(id)) expect(extension["suser"]).toBe(plain(event.actor.id));
        expect(extension["cn1"]).toBe("41");
      }),
    );
  });
});

// The grammar of RFC 5424, section 6.
const syslog =
  /^<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) (\[[!-~]{1,32}(?: [!-~]{1,32}="(?:\\["\\\]]|[^"\\\]])*")*\]) \uFEFF(.*)$/su;

describe("syslog", () => {
  test("is RFC 5424 with the event as JSON", () => {
    const [event] = toSiemEvents({ audit: [logged], at });
    const [, priority, time, hostname, app, , id, data, body] =
      syslog.exec(formatSyslog(event!, { version: "1", hostname: "host one" })) ?? [];
    expect([priority, time, hostname, app, id]).toEqual([
      "107",
      "2026-11-20T06:29:59.500Z",
      "host_one",
      "lotse",
      "secret.read",
    ]);
    expect(data).toContain('[lotse@32473 id="');
    expect(data).toContain(' tenant="nordlicht-records"');
    expect(JSON.parse(body ?? "")).toEqual(event);
  });

  test.each([
    ["critical", "106"],
    ["high", "107"],
    ["medium", "108"],
    ["low", "109"],
  ] as const)("a failure that is %s has the priority %s", (severity, priority) => {
    const [result] = fixtureRun().results;
    const [event] = toSiemEvents({ results: [{ ...result!, status: "fail", severity }], at });
    expect(formatSyslog(event!, { version: "1" })).toMatch(new RegExp(`^<${priority}>1 `, "u"));
  });

  test("whatever the texts are, the message fits the grammar", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...hostile, 'a"]\\b', ""),
        fc.string({ unit: "binary" }),
        fc.constantFrom("json", "cef"),
        (one, other, body) => {
          const event = {
            ...logged.event,
            action: one,
            object: other,
            scope: { environment: other, tenant: one },
          };
          const [made] = toSiemEvents({ audit: [{ ...logged, event }], at });
          expect(formatSyslog(made!, { version: "1", hostname: one, body })).toMatch(syslog);
        },
      ),
    );
  });

  test("a frame counts bytes, not characters", () => {
    expect(frameOf("ä€😀")).toBe("9 ä€😀");
  });
});

describe("syslog over TLS", () => {
  let directory: string;
  const pem = (name: string): string => readFileSync(join(directory, name), "utf8");

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "lotse-siem-"));
    const openssl = (...args: string[]): void =>
      void execFileSync("openssl", args, { cwd: directory, stdio: "pipe" });
    openssl(
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-keyout",
      "ca.key",
      "-out",
      "ca.pem",
      "-days",
      "2",
      "-subj",
      "/CN=Lotse test authority",
    );
    for (const [name, subject] of [
      ["server", "localhost"],
      ["client", "lotse"],
    ] as const) {
      openssl(
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-keyout",
        `${name}.key`,
        "-out",
        `${name}.pem`,
        "-days",
        "2",
        "-subj",
        `/CN=${subject}`,
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-addext",
        `subjectAltName=DNS:${subject}`,
        "-addext",
        "basicConstraints=critical,CA:FALSE",
      );
    }
  });

  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  /** A collector that reads frames; `act` may misbehave. */
  async function collector(
    more: TlsOptions = {},
    breakAfter = Infinity,
  ): Promise<{ server: Server; port: number; frames: () => string[] }> {
    const chunks: Buffer[] = [];
    const server = createServer({ key: pem("server.key"), cert: pem("server.pem"), ...more }, (socket) => {
      socket.on("error", () => undefined);
      socket.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        if (Buffer.concat(chunks).length > breakAfter) socket.destroy();
      });
    });
    server.on("tlsClientError", () => undefined);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return {
      server,
      port: (server.address() as AddressInfo).port,
      frames: () => readFrames(Buffer.concat(chunks)),
    };
  }

  function readFrames(bytes: Buffer): string[] {
    const found: string[] = [];
    for (let start = 0; start < bytes.length;) {
      const space = bytes.indexOf(" ", start);
      const length = Number(bytes.subarray(start, space).toString());
      found.push(bytes.subarray(space + 1, space + 1 + length).toString());
      start = space + 1 + length;
    }
    return found;
  }

  const close = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
  const messages = (): string[] =>
    toSiemEvents({ results: fixtureRun().results, audit: [logged], at }).map((event) =>
      formatSyslog(event, { version: "1" }),
    );

  test("every message arrives whole and in order", async () => {
    const { server, port, frames } = await collector();
    const many = Array.from({ length: 200 }, messages).flat();
    try {
      expect(
        await sendSyslogTls({ host: "127.0.0.1", serverName: "localhost", port, ca: pem("ca.pem") }, many),
      ).toBe(many.length);
      await expect.poll(() => frames()).toEqual(many);
    } finally {
      await close(server);
    }
  });

  test("the sender can prove who it is", async () => {
    const { server, port, frames } = await collector({
      requestCert: true,
      rejectUnauthorized: true,
      ca: pem("ca.pem"),
      maxVersion: "TLSv1.2",
    });
    const target = { host: "127.0.0.1", serverName: "localhost", port, ca: pem("ca.pem") };
    try {
      await expect(sendSyslogTls(target, messages())).rejects.toMatchObject({ code: "siem.unreachable" });
      expect(frames()).toEqual([]);
      const client = { certificate: pem("client.pem"), key: new Sensitive(pem("client.key")) };
      expect(await sendSyslogTls({ ...target, client }, messages())).toBe(messages().length);
    } finally {
      await close(server);
    }
  });

  test.each([
    ["an authority that is not trusted", { serverName: "localhost" }],
    ["another name", { serverName: "collector.example", trusted: true }],
    ["an address that the certificate does not have", { trusted: true }],
  ] as const)(
    "a server with %s gets nothing",
    async (_, { trusted, serverName }: { trusted?: boolean; serverName?: string }) => {
      const { server, port, frames } = await collector();
      try {
        await expect(
          sendSyslogTls(
            { host: "127.0.0.1", serverName, port, ca: trusted === true ? pem("ca.pem") : undefined },
            messages(),
          ),
        ).rejects.toMatchObject({ code: "siem.certificate", retryable: false });
        expect(frames()).toEqual([]);
      } finally {
        await close(server);
      }
    },
  );

  test("a server that only speaks an old TLS gets nothing", async () => {
    const { server, port } = await collector({
      minVersion: "TLSv1.1",
      maxVersion: "TLSv1.1",
      ciphers: "DEFAULT@SECLEVEL=0",
    });
    try {
      await expect(
        sendSyslogTls({ host: "127.0.0.1", serverName: "localhost", port, ca: pem("ca.pem") }, messages()),
      ).rejects.toMatchObject({ code: "siem.unreachable" });
    } finally {
      await close(server);
    }
  });

  test("a server that breaks off is an error that may be retried", async () => {
    const { server, port } = await collector({}, 10_000);
    const many = Array.from({ length: 20_000 }, () => "x".repeat(1000));
    try {
      await expect(
        sendSyslogTls({ host: "127.0.0.1", serverName: "localhost", port, ca: pem("ca.pem") }, many),
      ).rejects.toMatchObject({ code: "siem.unreachable", retryable: true });
    } finally {
      await close(server);
    }
  });

  test("a server that never answers is given up", async () => {
    const server = createPlain(() => undefined);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    try {
      await expect(sendSyslogTls({ host: "127.0.0.1", port, timeoutMs: 50 }, ["x"])).rejects.toMatchObject({
        code: "siem.unreachable",
      });
    } finally {
      server.close();
    }
  });

  test.each(["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])(
    "an authority that is no certificate is told before anything is sent: %j",
    async (ca) => {
      const { server, port, frames } = await collector();
      try {
        await expect(sendSyslogTls({ host: "127.0.0.1", port, ca }, messages())).rejects.toMatchObject({
          code: "siem.certificate",
          message: expect.stringContaining("no certificate"),
        });
        expect(frames()).toEqual([]);
      } finally {
        await close(server);
      }
    },
  );

  test("a key that does not belong to the certificate is told", async () => {
    const client = { certificate: pem("client.pem"), key: new Sensitive(pem("ca.key")) };
    await expect(sendSyslogTls({ host: "127.0.0.1", port: 1, client }, ["x"])).rejects.toMatchObject({
      code: "siem.certificate",
    });
  });

  test("nothing to send connects nowhere", async () => {
    expect(await sendSyslogTls({ host: "127.0.0.1", port: 1 }, [])).toBe(0);
  });
});
