import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { MemoryFiles } from "../../config/testing/workspace.ts";
import { systemExec } from "../../kernel/index.ts";
import { globMatches, scopeMatches } from "../glob.ts";
import { authorsOf } from "./authors.ts";
import type { WaiverRules } from "./judge.ts";
import { expiringWaivers, lintWaivers, listWaivers } from "./list.ts";
import { readWaivers } from "./waiver.ts";

const today = "2026-06-15";
const rules: WaiverRules = { maxDays: 90, checks: new Set(["key-rotation"]) };
const authors = new Map([["policy/waivers/one.yml", ["ann@example.com", "Ann"]]]);

const text = (parts: Readonly<Record<string, string>> = {}): string =>
  Object.entries({
    check: "key-rotation",
    scope: "{ environments: [prod] }",
    owner: "platform team",
    reason: "the vendor moves in July",
    approver: "ben@example.com",
    approved: '"2026-06-01"',
    expires: '"2026-07-15"',
    ...parts,
  })
    .map(([key, value]) => `${key}: ${value}\n`)
    .join("");

function read(tree: Readonly<Record<string, string>>, by = authors) {
  return readWaivers(new MemoryFiles(tree), by);
}

function lint(parts: Readonly<Record<string, string>>, by = authors) {
  return lintWaivers(read({ "policy/waivers/one.yml": text(parts) }, by), today, rules);
}

describe("lint", () => {
  it("finds nothing wrong with a good one", () => {
    expect(lint({})).toEqual([]);
  });

  it.each([
    [
      "a check that does not exist",
      { check: "key-rotatoin" },
      "waiver.invalid",
      1,
      "there is no check key-rotatoin",
    ],
    ["one that has ended", { expires: '"2026-06-14"' }, "waiver.expired", 7, "it expired on 2026-06-14"],
    [
      "one that holds for too long",
      { expires: '"2026-09-01"' },
      "waiver.invalid",
      7,
      "it holds for 92 days, and at most 90 are allowed",
    ],
    [
      "an approval to come",
      { approved: '"2026-06-16"' },
      "waiver.invalid",
      6,
      "it was approved on 2026-06-16, which is in the future",
    ],
    [
      "an approval after the end",
      { approved: '"2026-06-10"', expires: '"2026-06-09"' },
      "waiver.invalid",
      6,
      "which is after it expires",
    ],
    [
      "an author who approves, by address",
      { approver: "Ann@Example.com" },
      "waiver.approval",
      5,
      "Ann@Example.com approved it and wrote it",
    ],
    [
      "an author who approves, by name",
      { approver: "ann" },
      "waiver.approval",
      5,
      "ann approved it and wrote it",
    ],
  ])("finds %s, with its line", (_, parts, code, line, message) => {
    const [finding] = lint(parts);
    expect(finding).toMatchObject({
      code,
      severity: "error",
      where: { file: "policy/waivers/one.yml", line },
    });
    expect(finding?.message).toContain(message);
    expect(finding?.hint).toBeTruthy();
  });

  it("warns where nobody knows the author", () => {
    expect(lint({}, new Map())).toMatchObject([{ code: "waiver.approval", severity: "warning" }]);
  });

  it.each([
    ["no expiry", { expires: "" }, "expires"],
    ["a day that does not exist", { expires: '"2026-02-30"' }, "expires"],
    ["a reason of one word", { reason: "later" }, "reason"],
    ["no scope", { scope: "everywhere" }, "scope"],
    ["an unknown key", { note: "x" }, "note"],
  ])("tells of a broken file, and still reads the others: %s", (_, parts, key) => {
    const found = read({
      "policy/waivers/broken.yml": text(parts),
      "policy/waivers/one.yml": text(),
    });
    expect(found.waivers.map(({ id }) => id)).toEqual(["one"]);
    const [finding] = lintWaivers(found, today, rules);
    expect(finding).toMatchObject({ code: "waiver.invalid", where: { file: "policy/waivers/broken.yml" } });
    expect(finding?.message).toContain(key);
  });
});

describe("list", () => {
  const all = read(
    {
      "policy/waivers/a.yml": text({ expires: '"2026-07-15"' }),
      "policy/waivers/b.yml": text({ expires: '"2026-06-01"' }),
      "policy/waivers/c.yml": text({ check: "nope", expires: '"2026-06-20"' }),
      "policy/waivers/one.yml": text({ expires: '"2026-06-15"' }),
    },
    new Map(["a", "b", "c", "one"].map((id) => [`policy/waivers/${id}.yml`, ["ann@example.com"]])),
  ).waivers;

  it("puts first what ends first, with what it is worth", () => {
    expect(listWaivers(all, today, rules).map(({ id, state, daysLeft }) => [id, state, daysLeft])).toEqual([
      ["b", "expired", -14],
      ["one", "active", 0],
      ["c", "broken", 5],
      ["a", "active", 30],
    ]);
  });

  it.each([
    [0, ["b", "one"]],
    [5, ["b", "one", "c"]],
    [30, ["b", "one", "c", "a"]],
  ])("finds those that end within %i days", (days, ids) => {
    expect(expiringWaivers(all, today, rules, days).map(({ id }) => id)).toEqual(ids);
  });
});

describe("authorsOf", () => {
  const directories: string[] = [];
  afterEach(() => {
    for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
  });

  function repository(sub: string) {
    const root = mkdtempSync(join(tmpdir(), "lotse-waivers-"));
    directories.push(root);
    const workspace = join(root, sub);
    mkdirSync(join(workspace, "policy/waivers"), { recursive: true });
    const git = (...args: readonly string[]) => execFileSync("git", ["-C", root, ...args], { stdio: "pipe" });
    const commit = (name: string, file: string, content: string): void => {
      writeFileSync(join(workspace, file), content);
      git("add", "-A");
      git(
        "-c",
        `user.name=${name}`,
        "-c",
        `user.email=${name.toLowerCase()}@example.com`,
        "commit",
        "-qm",
        "x",
      );
    };
    git("init", "-q");
    return { workspace, commit };
  }

  it.each([".", "deep/workspace"])(
    "names everybody who changed a waiver, in a workspace in %s",
    async (sub) => {
      const { workspace, commit } = repository(sub);
      commit("Ann", "policy/waivers/ä b.yml", "1");
      commit("Ben", "policy/waivers/other.yml", "1");
      commit("Cleo", "policy/waivers/ä b.yml", "2");
      commit("Dan", "lotse.yml", "1");
      writeFileSync(join(workspace, "policy/waivers/new.yml"), "1");
      const found = await authorsOf(workspace, systemExec);
      expect([...found.keys()].sort()).toEqual(["policy/waivers/other.yml", "policy/waivers/ä b.yml"]);
      expect([...(found.get("policy/waivers/ä b.yml") ?? [])].sort()).toEqual([
        "Ann",
        "Cleo",
        "ann@example.com",
        "cleo@example.com",
      ]);
    },
  );

  it("knows nobody outside git, or without git", async () => {
    const directory = mkdtempSync(join(tmpdir(), "lotse-waivers-"));
    directories.push(directory);
    expect((await authorsOf(directory, systemExec)).size).toBe(0);
    const none = await authorsOf(directory, (_, args, options) => systemExec("no-such-git", args, options));
    expect(none.size).toBe(0);
  });
});

describe("patterns", () => {
  it.each([
    ["*", "prod", true],
    ["prod", "prod", true],
    ["prod", "production", false],
    ["pr*", "prod", true],
    ["p?od", "prod", true],
    ["p?od", "pod", false],
    ["a.b", "axb", false],
    ["(a|b)", "a", false],
  ])("%s fits %s: %j", (pattern, name, expected) => {
    expect(globMatches(pattern, name)).toBe(expected);
  });

  it("a scope without tenants fits all tenants, and no named one", () => {
    expect(scopeMatches({ environments: ["prod"], tenants: ["*"] }, "prod", null)).toBe(true);
    expect(scopeMatches({ environments: ["prod"], tenants: ["shop"] }, "prod", null)).toBe(false);
  });
});
