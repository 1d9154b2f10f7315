import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LotseError, type Exec } from "../../kernel/index.ts";
import { cvss3Score } from "./cvss.ts";
import { matchVersion, isSamePackage } from "./match.ts";
import { readNpmAudit, runNpmAudit } from "./npm-audit.ts";
import { parseAdvisories, readOsv, type Advisory, type Affected } from "./osv.ts";
import { PackageIndex, settleFindings, type Finding } from "./scan.ts";
import { defaultTerms, dueAt, ratingOf, severityOfScore } from "./severity.ts";
import { zipOf } from "./testing/zip.ts";

// The scores are those of FIRST's calculator and of the examples of its specification.
test.each([
  ["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8],
  ["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10],
  ["CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1],
  ["CVSS:3.0/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4],
  ["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 7.5],
  ["CVSS:3.1/AV:L/AC:H/PR:L/UI:N/S:U/C:H/I:N/A:N", 4.7],
  ["CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 3.1],
  ["CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:N", 4.6],
  ["CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 8.8],
  ["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0],
  ["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:P/RL:O", 9.8],
  ["CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", undefined],
  ["AV:N/AC:L/Au:N/C:P/I:P/A:P", undefined],
  ["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H", undefined],
  ["CVSS:3.1/AV:constructor/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", undefined],
])("the score of %s is %s", (vector, score) => {
  expect(cvss3Score(vector)).toBe(score);
});

test.each([
  [10, "critical"],
  [9, "critical"],
  [8.9, "high"],
  [7, "high"],
  [6.9, "medium"],
  [4, "medium"],
  [3.9, "low"],
  [0, "low"],
] as const)("a score of %s is %s", (score, severity) => {
  expect(severityOfScore(score)).toBe(severity);
});

const base: Advisory = { id: "A-1", modified: "2026-01-02T00:00:00Z", published: "2026-01-01T00:00:00Z" };
const npm = (
  events: NonNullable<Affected["ranges"]>[number]["events"],
  more: Partial<Affected> = {},
): Affected => ({
  package: { ecosystem: "npm", name: "left" },
  ranges: [{ type: "SEMVER", events }],
  ...more,
});

describe("severity", () => {
  const high = { type: "CVSS_V3", score: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N" };
  const critical = { type: "CVSS_V3", score: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" };
  test.each([
    ["the score", { severity: [high] }, {}, "high"],
    ["the highest score", { severity: [high, critical] }, {}, "critical"],
    ["the score for this package", { severity: [critical] }, { severity: [high] }, "high"],
    ["the score before the word", { severity: [high], database_specific: { severity: "LOW" } }, {}, "high"],
    ["the word", { database_specific: { severity: "MODERATE" } }, {}, "medium"],
    [
      "the word where the score is of another version",
      {
        severity: [{ type: "CVSS_V4", score: "CVSS:4.0/AV:N" }],
        database_specific: { severity: "CRITICAL" },
      },
      {},
      "critical",
    ],
    ["the word for this package", {}, { ecosystem_specific: { severity: "unimportant" } }, "low"],
    ["nothing known", {}, {}, "high"],
    ["a word that nobody knows", { database_specific: { severity: 7 } }, {}, "high"],
  ] as const)("comes from %s", (_, advisory, affected, expected) => {
    expect(
      ratingOf({ ...base, ...advisory } as Advisory, npm([], affected as Partial<Affected>)).severity,
    ).toBe(expected);
  });

  test.each([
    ["critical", "2026-01-08"],
    ["high", "2026-01-31"],
    ["medium", "2026-04-01"],
    ["low", "2026-06-30"],
  ] as const)("what is %s and was published on 1 January is due on %s", (severity, day) => {
    expect(dueAt("2026-01-01T00:00:00Z", severity, defaultTerms)).toBe(`${day}T00:00:00.000Z`);
  });
});

describe("ranges", () => {
  const installed = (
    version: string,
    ecosystem = "npm",
    name = "left",
  ): Parameters<typeof matchVersion>[0] => ({ ecosystem, name, version, file: "f" });
  test.each([
    ["1.0.0", [{ introduced: "0" }], true, undefined],
    ["1.0.0", [{ introduced: "0" }, { fixed: "1.0.1" }], true, "1.0.1"],
    ["1.0.1", [{ introduced: "0" }, { fixed: "1.0.1" }], false, undefined],
    ["1.0.0", [{ introduced: "1.0.1" }], false, undefined],
    ["1.5.0", [{ introduced: "1.0.0" }, { last_affected: "1.5.0" }], true, undefined],
    ["1.5.1", [{ introduced: "1.0.0" }, { last_affected: "1.5.0" }], false, undefined],
    [
      "2.1.0",
      [{ introduced: "0" }, { fixed: "1.0.0" }, { introduced: "2.0.0" }, { fixed: "2.2.0" }],
      true,
      "2.2.0",
    ],
    [
      "1.5.0",
      [{ introduced: "0" }, { fixed: "1.0.0" }, { introduced: "2.0.0" }, { fixed: "2.2.0" }],
      false,
      undefined,
    ],
    [
      "2.1.0",
      [{ fixed: "2.2.0" }, { introduced: "2.0.0" }, { fixed: "1.0.0" }, { introduced: "0" }],
      true,
      "2.2.0",
    ],
    ["1.0.0-rc.1", [{ introduced: "0" }, { fixed: "1.0.0" }], true, "1.0.0"],
    ["1.0.0", [{ introduced: "0" }, { limit: "*" }], true, undefined],
    ["1.0.0", [], false, undefined],
  ] as const)("%s in %j: %s, fixed in %s", (version, events, affected, fixedIn) => {
    expect(matchVersion(installed(version), npm([...events]))).toEqual(
      fixedIn === undefined ? { affected } : { affected, fixedIn },
    );
  });

  test.each([
    [
      "a list of versions counts besides the ranges",
      installed("1.0.0"),
      npm([], { versions: ["1.0.0"] }),
      true,
    ],
    [
      "ranges of commits are not looked at",
      installed("1.0.0"),
      { ...npm([]), ranges: [{ type: "GIT", events: [{ introduced: "0" }] }] },
      false,
    ],
    [
      "where the order is not known, the list decides",
      installed("1.0.0", "Maven"),
      { versions: ["2.0.0"], ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }] }] },
      false,
    ],
    [
      "and without a list it counts as affected",
      installed("1.0.0", "Maven"),
      { ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }] }] },
      true,
    ],
    ["so does a version that is none", installed("file:../x"), npm([{ introduced: "1.0.0" }]), true],
    [
      "Debian's order is Debian's",
      installed("3.0.11-1~deb12u2", "Debian:12"),
      { ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }, { fixed: "3.0.11-1" }] }] },
      true,
    ],
  ] as const)("%s", (_, one, affected, expected) => {
    expect(matchVersion(one, affected as unknown as Affected).affected).toBe(expected);
  });

  test.each([
    ["npm", "left", "npm", "left", true],
    ["npm", "left", "npm", "right", false],
    ["npm", "left", "PyPI", "left", false],
    ["PyPI", "Foo_Bar", "PyPI", "foo.bar", true],
    ["npm", "foo-bar", "npm", "foo_bar", false],
    ["Debian:12", "x", "Debian:12", "x", true],
    ["Debian:12", "x", "Debian:11", "x", false],
    ["Debian", "x", "Debian:11", "x", true],
    ["Ubuntu:22.04", "x", "Ubuntu:22.04:LTS", "x", true],
  ])("%s %s and %s %s are the same package: %s", (ecosystem, name, theirs, theirName, same) => {
    expect(
      isSamePackage(installed("1", ecosystem, name), { package: { ecosystem: theirs, name: theirName } }),
    ).toBe(same);
  });
});

describe("findings", () => {
  const index = new PackageIndex([
    { ecosystem: "npm", name: "left", version: "1.0.0", file: "a" },
    { ecosystem: "npm", name: "left", version: "1.0.0", file: "b" },
    { ecosystem: "PyPI", name: "Other", version: "1", file: "c" },
  ]);
  const advisory = (more: Partial<Advisory>): Advisory => ({
    ...base,
    affected: [npm([{ introduced: "0" }, { fixed: "1.1.0" }])],
    ...more,
  });
  const settle = (
    advisories: readonly Advisory[],
    at = "2026-01-05T00:00:00.000Z",
    previous: readonly Finding[] = [],
  ): readonly Finding[] =>
    settleFindings(
      advisories.flatMap((one) => index.find(one)),
      { at, terms: defaultTerms, previous },
    );

  test("one hole in several files and under several names is one finding", () => {
    const found = settle([
      advisory({ id: "GHSA-1", aliases: ["CVE-1"] }),
      advisory({ id: "CVE-1", database_specific: { severity: "critical" } }),
    ]);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      id: "CVE-1",
      aliases: ["GHSA-1"],
      files: ["a", "b"],
      severity: "critical",
      fixedIn: "1.1.0",
      overdue: false,
    });
  });

  test("different holes are different findings, the worst first", () => {
    const found = settle([
      advisory({ id: "A" }),
      advisory({ id: "B", database_specific: { severity: "CRITICAL" } }),
    ]);
    expect(found.map(({ id }) => id)).toEqual(["B", "A"]);
  });

  test("what was withdrawn is none, but shows that the ecosystem is covered", () => {
    expect(settle([advisory({ withdrawn: "2026-01-03T00:00:00Z" })])).toEqual([]);
    expect([index.covers("npm"), index.covers("PyPI")]).toEqual([true, false]);
  });

  test("the term runs from publication, and ends", () => {
    const critical = advisory({ database_specific: { severity: "critical" } });
    expect(settle([critical], "2026-01-08T00:00:00.000Z")[0]).toMatchObject({
      dueAt: "2026-01-08T00:00:00.000Z",
      overdue: false,
    });
    expect(settle([critical], "2026-01-08T00:00:00.001Z")[0]?.overdue).toBe(true);
  });

  test("without publication it runs from when it was first seen, also after an update with the same hole", () => {
    const { published: _, ...unpublished } = advisory({});
    const first = settle([unpublished], "2026-01-05T00:00:00.000Z");
    const later = settle(
      [unpublished],
      "2026-03-05T00:00:00.000Z",
      first.map((one) => ({ ...one, version: "0.9.0" })),
    );
    expect(later[0]).toMatchObject({
      firstSeenAt: "2026-01-05T00:00:00.000Z",
      dueAt: "2026-02-04T00:00:00.000Z",
      overdue: true,
    });
  });
});

describe("OSV files", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "lotse-osv-"));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));
  const write = (name: string, value: unknown): string => {
    const path = join(directory, name);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, typeof value === "string" ? value : JSON.stringify(value));
    return path;
  };
  const read = async (path: string): Promise<string[]> => {
    const ids: string[] = [];
    for await (const { id } of readOsv(path)) ids.push(id);
    return ids;
  };

  test.each([
    ["one.json", base, ["A-1"]],
    ["list.json", [base, { ...base, id: "A-2" }], ["A-1", "A-2"]],
    ["answer.json", { vulns: [base] }, ["A-1"]],
    ["lines.jsonl", `${JSON.stringify(base)}\n${JSON.stringify({ ...base, id: "A-2" })}\n`, ["A-1", "A-2"]],
  ])("%s is read", async (name, value, ids) => {
    expect(await read(write(name, value))).toEqual(ids);
  });

  test("a directory is read at any depth, and what is no JSON in it is passed over", async () => {
    write("npm/A-1.json", base);
    write("PyPI/deep/A-2.json", { ...base, id: "A-2" });
    write("README.md", "x");
    expect(await read(directory)).toEqual(["A-2", "A-1"]);
  });

  test.each([
    ["deflated", { deflate: true }],
    ["stored", {}],
    ["in the ZIP64 form", { deflate: true, large: true }],
  ])("a mirror's ZIP archive is read, %s", async (_, how) => {
    const path = join(directory, "all.zip");
    const files = {
      "A-2.json": JSON.stringify({ ...base, id: "A-2" }),
      "sub/A-1.json": JSON.stringify(base),
      "README.md": "x",
    };
    writeFileSync(path, zipOf(files, how));
    expect(await read(path)).toEqual(["A-2", "A-1"]);
    expect(await read(directory)).toEqual(["A-2", "A-1"]);
  });

  const whole = zipOf({ "A-1.json": JSON.stringify(base) }, { deflate: true });
  const changed = (at: number, value: number): Buffer => {
    const copy = Buffer.from(whole);
    copy[at] = value;
    return copy;
  };
  test.each([
    ["empty", Buffer.alloc(0)],
    ["no archive", Buffer.from("x".repeat(1000))],
    ["cut off at its end", whole.subarray(0, -30)],
    ["cut off at its start", whole.subarray(20)],
    ["with a byte changed in the middle", changed(60, whole[60]! ^ 0xff)],
    ["with a directory that is not in it", changed(whole.length - 5, 0xff)],
    ["with a file that is no advisory", zipOf({ "a.json": "{}" }, {})],
    ["with a file that is no text", zipOf({ "a.json": Buffer.from([0xff, 0xfe]) }, {})],
    ["with a file that says that it is vast", zipOf({ "a.json": "[]" }, { bytes: 4_000_000_000 })],
    [
      "with a file that grows beyond what it says",
      zipOf({ "a.json": " ".repeat(100_000) }, { deflate: true, bytes: 10 }),
    ],
  ])("an archive that is damaged is an error: %s", async (_, bytes) => {
    const path = join(directory, "all.zip");
    writeFileSync(path, bytes);
    await expect(read(path)).rejects.toMatchObject({ code: "vulnerability.source" });
  });

  test.each([
    ["latin1.json", Buffer.from([0x7b, 0xe9, 0x7d])],
    ["deep.json", Buffer.from(`${"[".repeat(200_000)}${"]".repeat(200_000)}`)],
  ])("%s is an error", async (name, bytes) => {
    writeFileSync(join(directory, name), bytes);
    await expect(read(directory)).rejects.toMatchObject({ code: "vulnerability.source" });
  });

  test.each([
    ["broken.json", "{"],
    ["other.json", { hello: 1 }],
    ["null.json", "null"],
    ["date.json", { ...base, modified: "yesterday" }],
  ])("%s is an error, and not passed over", async (name, value) => {
    write("A-1.json", base);
    write(name, value);
    await expect(read(directory)).rejects.toMatchObject({ code: "vulnerability.source" });
  });

  test("what is not there is an error", async () => {
    await expect(read(join(directory, "nothing"))).rejects.toMatchObject({ code: "vulnerability.source" });
  });

  test("an advisory keeps what it says beyond what is read", () => {
    expect(
      parseAdvisories("f", JSON.stringify({ ...base, schema_version: "1.6.0", references: [] })),
    ).toHaveLength(1);
  });
});

describe("npm audit", () => {
  const packages = [{ ecosystem: "npm", name: "left", version: "1.0.0", file: "package-lock.json" }];
  const report = {
    auditReportVersion: 2,
    vulnerabilities: {
      left: {
        name: "left",
        severity: "high",
        via: [
          {
            source: 1,
            name: "left",
            title: "Bad",
            url: "https://github.com/advisories/GHSA-xxxx",
            severity: "high",
            cvss: { score: 9.8, vectorString: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" },
            range: "<1.1.0",
          },
        ],
        nodes: ["node_modules/left"],
        fixAvailable: { name: "left", version: "1.1.0", isSemVerMajor: false },
      },
      above: {
        name: "above",
        severity: "high",
        via: ["left"],
        nodes: ["node_modules/above"],
        fixAvailable: true,
      },
    },
  };

  test("its findings name the hole once, at the package that has it", () => {
    expect(readNpmAudit(JSON.stringify(report), "package-lock.json", packages)).toEqual({
      ran: true,
      findings: [
        expect.objectContaining({
          id: "GHSA-xxxx",
          package: "left",
          version: "1.0.0",
          severity: "critical",
          score: 9.8,
          fixedIn: "1.1.0",
        }),
      ],
    });
  });

  test("nothing found is a clean answer", () => {
    expect(readNpmAudit('{"auditReportVersion":2,"vulnerabilities":{}}', "f", packages)).toEqual({
      ran: true,
      findings: [],
    });
  });

  test.each([
    [
      '{"message":"request to https://x failed","error":{"summary":"","detail":""}}',
      "npm audit was refused: request to https://x failed",
    ],
    [
      '{"error":{"code":"ENOAUDIT","summary":"Your configured registry does not support audit requests."}}',
      "npm audit was refused: Your configured registry does not support audit requests.",
    ],
    ['{"message":"404 Not Found"}', "npm audit was refused: 404 Not Found"],
    ["", "npm audit printed no JSON"],
    ["<html>", "npm audit printed no JSON"],
    ["{}", "npm audit printed no report of version 2"],
    ['{"auditReportVersion":1}', "npm audit printed no report of version 2"],
  ])("a refusal is no clean answer: %s", (stdout, reason) => {
    expect(readNpmAudit(stdout, "f", packages)).toEqual({ ran: false, reason });
  });

  test("it is asked by argument array, in the directory of the lockfile, and its status decides nothing", async () => {
    const calls: unknown[] = [];
    const exec: Exec = (program, args, options) => {
      calls.push([program, args, options?.cwd]);
      return Promise.resolve({ status: 1, stdout: JSON.stringify(report), stderr: "" });
    };
    expect((await runNpmAudit(exec, "/app", "package-lock.json", packages)).ran).toBe(true);
    expect(calls).toEqual([["npm", ["audit", "--json", "--package-lock-only"], "/app"]]);
  });

  test("a missing npm is no clean answer", async () => {
    const exec: Exec = () =>
      Promise.reject(new LotseError({ code: "machine.exec", message: "npm could not be run" }));
    expect(await runNpmAudit(exec, "/app", "f", packages)).toEqual({
      ran: false,
      reason: "npm could not be run",
    });
  });
});
