import { describe, expect, it } from "vitest";
import { MemoryFiles } from "../../config/testing/workspace.ts";
import { failure } from "../../config/testing/workspace.ts";
import { auditFacts } from "./audit.ts";
import type { FactSource } from "./fact.ts";
import { openRecords } from "./records.ts";
import { releaseFacts } from "./releases.ts";
import { secretFacts, type SecretMetadata } from "./secrets.ts";
import { parseScan, vulnerabilityFacts } from "./vulnerabilities.ts";

const at = "2026-06-15T12:00:00Z";

function valuesIn(source: FactSource, environment: string, tenant: string | null) {
  const facts = source.facts({ environment, tenant });
  for (const name of facts.keys()) expect(source.provides).toContain(name);
  return Object.fromEntries([...facts].map(([name, { value }]) => [name, value]));
}

describe("records", () => {
  const record = (day: string, parts: object): string =>
    JSON.stringify({ at: `2026-${day}T10:00:00Z`, ...parts });
  const drill = (minutes: number) => ({
    kind: "restore-drill",
    result: { success: true, "recovery-time-minutes": minutes, "recovery-point-minutes": 1 },
  });

  it("takes the newest of a kind that counts in a scope", () => {
    const source = openRecords(
      new MemoryFiles({
        "policy/records/a.json": record("06-01", { ...drill(10), scope: { environments: ["prod"] } }),
        "policy/records/b.json": record("06-09", {
          ...drill(20),
          scope: { environments: ["prod"], tenants: ["sh*"] },
        }),
        "policy/records/c.json": record("05-01", drill(30)),
        "policy/records/README.md": "not a record",
      }),
    );
    expect(valuesIn(source, "prod", "shop")["drill.last"]).toMatchObject({
      "recovery-time-minutes": 20,
      at: "2026-06-09T10:00:00Z",
    });
    expect(valuesIn(source, "prod", "radio")["drill.last"]).toMatchObject({ "recovery-time-minutes": 10 });
    expect(valuesIn(source, "dev", null)["drill.last"]).toMatchObject({ "recovery-time-minutes": 30 });
    expect(source.facts({ environment: "prod", tenant: "shop" }).get("drill.last")?.evidence).toMatchObject({
      source: "records",
      file: "policy/records/b.json",
      path: "record restore-drill",
      at: "2026-06-09T10:00:00.000Z",
    });
  });

  it("keeps the last test of each severity, and the other kinds as their checks read them", () => {
    const test = (severity: string, delivered: boolean) => ({
      kind: "alert-test",
      result: { severity, delivered },
    });
    const source = openRecords(
      new MemoryFiles({
        "policy/records/1.json": record("06-01", test("critical", false)),
        "policy/records/2.json": record("06-02", test("critical", true)),
        "policy/records/3.json": record("05-02", test("info", true)),
        "policy/records/4.yml": 'kind: key-rotation\nat: "2026-05-05"\nresult: { key: kms/x }\n',
        "policy/records/5.yml":
          'kind: access-review\nat: "2026-05-06"\nresult: { accounts: 3, removed: 1 }\n',
        "policy/records/6.yml": 'kind: purge\nat: "2026-05-07"\nresult: { removed: 3, oldest-days: 9 }\n',
        "policy/records/7.yml":
          'kind: certificates\nat: "2026-05-08"\nresult: { certificates: [{ name: public, not-after: "2027-01-01" }] }\n',
      }),
    );
    expect(valuesIn(source, "prod", "shop")).toEqual({
      "alerts.tests": [
        { at: "2026-06-02T10:00:00Z", severity: "critical", delivered: true },
        { at: "2026-05-02T10:00:00Z", severity: "info", delivered: true },
      ],
      "keys.rotated_at": [{ at: "2026-05-05", key: "kms/x" }],
      "access.review": { at: "2026-05-06", accounts: 3, removed: 1 },
      "purge.last": { at: "2026-05-07", removed: 3, "oldest-days": 9 },
      "certificates.expiry": [{ name: "public", "not-after": "2027-01-01" }],
    });
  });

  it("gives scopes in which the same records count the same facts", () => {
    const source = openRecords(new MemoryFiles({ "policy/records/a.json": record("06-01", drill(10)) }));
    const facts = (tenant: string) => source.facts({ environment: "prod", tenant }).get("drill.last");
    expect(facts("a")).toBe(facts("b"));
  });

  it.each([
    ["another kind", 'kind: party\nat: "2026-05-05"\n', "kind"],
    ["no time", "kind: purge\nat: soon\nresult: { removed: 3, oldest-days: 9 }\n", "at"],
    [
      "a field too many",
      'kind: purge\nat: "2026-05-05"\nwho: me\nresult: { removed: 3, oldest-days: 9 }\n',
      "who",
    ],
    ["a result of another kind", 'kind: purge\nat: "2026-05-05"\nresult: { success: true }\n', "result"],
  ])("refuses %s, with the place", (_, text, path) => {
    const error = failure(() => openRecords(new MemoryFiles({ "policy/records/x.yml": text })));
    expect(error).toMatchObject({ code: "policy.check", where: { file: "policy/records/x.yml" } });
    expect(`${error.message} ${error.where?.path ?? ""}`).toContain(path);
  });
});

describe("secrets", () => {
  const secret = (
    environment: string,
    tenant: string | null,
    parts: Partial<SecretMetadata> = {},
  ): SecretMetadata => ({
    name: "db",
    environment,
    tenant,
    changed: "2026-06-01",
    fingerprint: `${environment} ${tenant ?? ""}`,
    weak: false,
    recipients: ["age1x"],
    ...parts,
  });

  it("tells what is shared with another environment or tenant, and not what is shared in one place", () => {
    const source = secretFacts({
      at,
      secrets: [
        secret("prod", "shop", { fingerprint: "same" }),
        secret("prod", "shop", { name: "copy", fingerprint: "same" }),
        secret("staging", "shop", { fingerprint: "same" }),
        secret("prod", "radio"),
        secret("prod", null, { name: "all", weak: true }),
      ],
    });
    expect(valuesIn(source, "prod", "shop")).toEqual({
      "secrets.ages": [
        { name: "db", changed: "2026-06-01" },
        { name: "copy", changed: "2026-06-01" },
        { name: "all", changed: "2026-06-01" },
      ],
      "secrets.shared_values": [
        { name: "db", with: ["staging:shop db"] },
        { name: "copy", with: ["staging:shop db"] },
      ],
      "secrets.weak": [{ name: "all" }],
      "secrets.recipients": ["age1x"],
    });
    expect(valuesIn(source, "prod", "radio")["secrets.shared_values"]).toEqual([]);
  });

  it("leaves unknown whether all are well where the configuration refers to more than it knows", () => {
    const secrets = [
      secret("prod", "shop", { fingerprint: "same" }),
      secret("prod", "radio", { fingerprint: "same", weak: true }),
      secret("dev", "shop"),
    ];
    const source = secretFacts({
      at,
      secrets,
      referenced: ({ environment }) => (environment === "staging" ? [] : ["db", "elsewhere"]),
    });
    // What is wrong is wrong in any case.
    expect(valuesIn(source, "prod", "radio")).toEqual({
      "secrets.shared_values": [{ name: "db", with: ["prod:shop db"] }],
      "secrets.weak": [{ name: "db" }],
      "secrets.recipients": ["age1x"],
    });
    expect(Object.keys(valuesIn(source, "dev", "shop"))).toEqual(["secrets.recipients"]);
    expect(valuesIn(source, "staging", "shop")).toEqual({
      "secrets.ages": [],
      "secrets.shared_values": [],
      "secrets.weak": [],
      "secrets.recipients": [],
    });
  });

  it("does not say that no value is shared while one elsewhere cannot be opened", () => {
    const secrets = [secret("prod", "shop"), secret("staging", "shop", { fingerprint: undefined })];
    expect(valuesIn(secretFacts({ at, secrets }), "prod", "shop")).not.toHaveProperty([
      "secrets.shared_values",
    ]);
  });

  it("leaves unknown what its metadata does not say", () => {
    const source = secretFacts({
      at,
      secrets: [secret("prod", "shop", { fingerprint: undefined, weak: undefined })],
    });
    expect(Object.keys(valuesIn(source, "prod", "shop")).sort()).toEqual([
      "secrets.ages",
      "secrets.recipients",
    ]);
    expect(valuesIn(secretFacts({ at }), "prod", "shop")).toEqual({});
    const scanned = secretFacts({ at, findings: [{ file: "a.yml", line: 3, rule: "private-key" }] });
    expect(valuesIn(scanned, "prod", "shop")).toEqual({
      "secrets.scan_findings": [{ file: "a.yml", line: 3, rule: "private-key" }],
    });
  });
});

it("releases: what runs, and who approved it where that is recorded", () => {
  const base = { environment: "prod", at, approved: "a".repeat(64), running: "b".repeat(64) };
  const source = releaseFacts([
    { ...base, tenant: "shop", author: "ann", approvers: ["ben"] },
    { ...base, tenant: "radio", author: "ann" },
  ]);
  expect(valuesIn(source, "prod", "shop")).toEqual({
    "release.approval": { author: "ann", approvers: ["ben"] },
    "release.running": { approved: "a".repeat(12), running: "b".repeat(12) },
  });
  expect(Object.keys(valuesIn(source, "prod", "radio"))).toEqual(["release.running"]);
  expect(valuesIn(source, "dev", "shop")).toEqual({});
});

it("audit: the verification holds for every scope", () => {
  const source = auditFacts({ ok: false, entries: 7, problem: "entry 3 was changed", at });
  expect(valuesIn(source, "prod", "shop")).toEqual({
    "audit.verification": { ok: false, entries: 7, problem: "entry 3 was changed" },
  });
  expect(source.facts({ environment: "a", tenant: null }).get("audit.verification")).toBe(
    source.facts({ environment: "b", tenant: "x" }).get("audit.verification"),
  );
});

describe("vulnerabilities", () => {
  it("keeps what the check needs of a scan", () => {
    const scan = parseScan(
      JSON.stringify({
        scannedAt: at,
        complete: false,
        files: [],
        findings: [
          {
            id: "CVE-1",
            package: "left",
            version: "1",
            severity: "critical",
            dueAt: "2026-06-20",
            fixedIn: null,
          },
        ],
      }),
      "scan.json",
    );
    expect(valuesIn(vulnerabilityFacts(scan, "scan.json"), "prod", "shop")).toEqual({
      "vulnerabilities.scan": {
        scannedAt: at,
        complete: false,
        findings: [{ id: "CVE-1", package: "left", severity: "critical", dueAt: "2026-06-20" }],
      },
    });
  });

  it.each(["", "[]", "{}", '{"scannedAt":"soon","findings":[]}'])("refuses %j", (text) => {
    expect(failure(() => parseScan(text, "scan.json"))).toMatchObject({ code: "vulnerability.source" });
  });
});
