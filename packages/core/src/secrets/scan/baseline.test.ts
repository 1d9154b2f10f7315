import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import {
  applyBaseline,
  emptyBaseline,
  parseBaseline,
  planBaseline,
  printBaseline,
  toSarif,
  type Finding,
} from "./index.ts";

const finding = (name: string, more: Partial<Finding> = {}): Finding => ({
  rule: "named-value",
  severity: "error",
  file: `dir with space/${name}.yml`,
  line: 3,
  column: 9,
  endLine: 3,
  endColumn: 41,
  message: "a value that looks like a secret stands here (32 characters)",
  hint: "take it out",
  fingerprint: name.repeat(32).slice(0, 32),
  ...more,
});
const salt = "0".repeat(32);
const now = new Date("2026-05-10T12:00:00Z");
const request = {
  baseline: emptyBaseline(salt),
  reason: "a test vector",
  owner: "ops",
  expires: "2026-06-01",
};

describe("the baseline", () => {
  it("accepts what it was made from, until the day has passed", () => {
    const baseline = planBaseline({ ...request, findings: [finding("a"), finding("b")] }, now);
    const today = applyBaseline([finding("a"), finding("b"), finding("c")], baseline, now);
    expect(today.open.map(({ file }) => file)).toEqual([finding("c").file]);
    expect(today.accepted.map(({ entry }) => entry.reason)).toEqual(["a test vector", "a test vector"]);
    expect(today.expired).toEqual([]);
    const lastDay = applyBaseline([finding("a")], baseline, new Date("2026-06-01T23:59:59Z"));
    expect(lastDay.open).toEqual([]);
    expect(lastDay.unused.map(({ fingerprint }) => fingerprint)).toEqual(["b".repeat(32)]);
    const later = applyBaseline([finding("a")], baseline, new Date("2026-06-02T00:00:00Z"));
    expect(later.open).toEqual([finding("a")]);
    expect(later.expired).toHaveLength(1);
  });

  it("keeps entries and their reasons, adds what is open, and drops what is gone or expired", () => {
    const first = planBaseline({ ...request, findings: [finding("a"), finding("b")] }, now);
    const next = planBaseline(
      {
        findings: [finding("a"), finding("c")],
        baseline: first,
        reason: "another one",
        owner: "dev",
        expires: "2027-01-01",
      },
      now,
    );
    expect(next.entries.map(({ fingerprint, reason }) => `${fingerprint[0]} ${reason}`)).toEqual([
      "a a test vector",
      "c another one",
    ]);
    const renewed = planBaseline(
      { ...request, findings: [finding("a")], baseline: first, expires: "2027-01-01" },
      new Date("2026-12-01T00:00:00Z"),
    );
    expect(renewed.entries.map(({ expires }) => expires)).toEqual(["2027-01-01"]);
  });

  it("comes back as it was printed, in the same order whatever the order of findings", () => {
    const findings = [finding("b"), finding("a")];
    const text = printBaseline(planBaseline({ ...request, findings }, now));
    expect(printBaseline(parseBaseline(text))).toBe(text);
    expect(printBaseline(planBaseline({ ...request, findings: findings.reverse() }, now))).toBe(text);
  });

  it.each([
    ["no JSON", "{"],
    [
      "a missing reason",
      JSON.stringify({
        version: 1,
        salt,
        entries: [{ fingerprint: "a".repeat(32), rule: "r", file: "f", owner: "o", expires: "2026-01-01" }],
      }),
    ],
    [
      "a day that is none",
      JSON.stringify({
        version: 1,
        salt,
        entries: [
          {
            fingerprint: "a".repeat(32),
            rule: "r",
            file: "f",
            reason: "because",
            owner: "o",
            expires: "2026-02-30",
          },
        ],
      }),
    ],
    ["another version", JSON.stringify({ version: 2, salt, entries: [] })],
  ])("is refused with %s", (_name, text) => {
    expect(() => parseBaseline(text)).toThrow(expect.objectContaining({ code: "secret.baseline" }));
  });

  it("accepts nothing until a day that has passed, and nothing without a reason", () => {
    const findings = [finding("a")];
    for (const wrong of [{ expires: "2026-05-09" }, { reason: " " }, { owner: "" }]) {
      expect(() => planBaseline({ ...request, findings, ...wrong }, now)).toThrow(
        expect.objectContaining({ code: "secret.baseline" }),
      );
    }
  });
});

// The schema is that of SARIF 2.1.0 as the npm package @microsoft/jest-sarif 1.0.0-beta.0 has it (MIT).
const { $schema, id, ...schema } = JSON.parse(
  readFileSync(new URL("testing/sarif-2.1.0-rtm.5.json", import.meta.url), "utf8"),
) as Record<string, unknown>;

describe("SARIF", () => {
  // The schema is draft 4, of which it uses what later drafts have as well, but for the keyword `id`.
  const validate = new Ajv({ strict: false, validateFormats: false, unicodeRegExp: false }).compile(schema);
  const findings = [finding("a"), finding("b", { commit: "c".repeat(40), severity: "warning", rule: "jwt" })];
  const baseline = planBaseline({ ...request, findings: [finding("d")] }, now);
  const { accepted } = applyBaseline([finding("d")], baseline, now);
  const log = toSarif({ findings, accepted, version: "1.2.3" });

  it("is valid by the schema, also without findings", () => {
    expect($schema).toContain("draft-04");
    expect(id).toContain("sarif-2.1.0");
    for (const one of [log, toSarif({ findings: [], version: "1" })]) {
      validate(JSON.parse(JSON.stringify(one)));
      expect(validate.errors).toBeNull();
    }
    expect(validate({ ...log, runs: [{ results: [] }] })).toBe(false);
  });

  it("has rules once, places, fingerprints, and what is accepted as suppressed", () => {
    expect(log).toMatchObject({
      version: "2.1.0",
      runs: [
        {
          tool: { driver: { version: "1.2.3", rules: [{ id: "named-value" }, { id: "jwt" }] } },
          results: [
            {
              ruleId: "named-value",
              ruleIndex: 0,
              level: "error",
              partialFingerprints: { "lotseSecret/v1": "a".repeat(32) },
              locations: [
                {
                  physicalLocation: {
                    artifactLocation: { uri: "dir%20with%20space/a.yml" },
                    region: { startLine: 3, startColumn: 9, endLine: 3, endColumn: 41 },
                  },
                },
              ],
            },
            { ruleId: "jwt", ruleIndex: 1, level: "warning", properties: { commit: "c".repeat(40) } },
            {
              suppressions: [
                {
                  kind: "external",
                  status: "accepted",
                  justification: "a test vector (ops, until 2026-06-01)",
                },
              ],
            },
          ],
        },
      ],
    });
  });
});
