import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { failure, MemoryFiles } from "../../config/testing/workspace.ts";
import { DirectoryFiles } from "../../kernel/index.ts";
import { checkPolicy } from "../engine/run.ts";
import type { FactValues } from "../facts/fact.ts";
import { frameworkOf, profileWith, scopeWith } from "../testing/scope.ts";
import { builtinChecks } from "./builtin.ts";
import type { Check } from "./check.ts";
import { loadModules, mergeChecks, readDeclaredChecks } from "./load.ts";

function verdictOf(check: Check, facts: FactValues) {
  const [result] = checkPolicy({
    scopes: [scopeWith(facts, { profile: profileWith([]), frameworks: ["own"] })],
    checks: [check],
    frameworks: [frameworkOf("own", [check])],
    waivers: [],
    at: new Date("2026-06-15T12:00:00Z"),
  }).results;
  return { status: result?.status, message: result?.message };
}

const head = `id: own-rule
title: It is so
severity: low
why: because
remedy: make it so
examples: { pass: {}, fail: {} }
`;

function declared(rule: string): Check {
  const [check] = readDeclaredChecks(new MemoryFiles({ "policy/checks/own-rule.yml": head + rule }));
  if (check === undefined) throw new Error("no check was read");
  return check;
}

describe("declarative rules", () => {
  const over = (operator: string) => `assert: { path: a.b, ${operator} }`;

  it.each<[operator: string, good: FactValues[string], bad: FactValues[string]]>([
    ["equals: 3", 3, "3"],
    ["equals: null", null, 0],
    ["not-equals: off", "on", "off"],
    ["one-of: [a, b]", "b", "c"],
    ["none-of: [a, b]", "c", "a"],
    ["at-least: 5", 5, 4],
    ["at-most: 5", 5, "4"],
    ["matches: '^kms/'", "kms/x", "x/kms/"],
    ["not-matches: 'x'", "abc", "axc"],
    ["contains: deny", ["allow", "deny"], ["allow"]],
    ["contains: '@sha256:'", "a@sha256:1", "a:1"],
    ["not-contains: '*'", ["a"], ["*"]],
    ["min-items: 1", ["a"], []],
    ["max-items: 1", ["a"], ["a", "b"]],
    ["is-secret: true", "${secret:db#password}", "hunter2"],
    ["is-secret: false", "plain", "${secret:db#password}"],
    ["at-least: 1, at-most: 3", 2, 4],
  ])("%s takes %j and refuses %j", (operator, good, bad) => {
    const check = declared(over(operator));
    expect(check.facts).toEqual(["config:a.b"]);
    expect(verdictOf(check, { "config:a.b": good }).status).toBe("pass");
    expect(verdictOf(check, { "config:a.b": bad }).status).toBe("fail");
    expect(verdictOf(check, {}).status).toBe("unknown");
  });

  it.each<[exists: boolean, facts: FactValues, status: string]>([
    [true, { "config:a.b": 1 }, "pass"],
    [true, { "config:a.b": null }, "fail"],
    [true, {}, "fail"],
    [false, {}, "pass"],
    [false, { "config:a.b": 1 }, "fail"],
  ])("exists: %j with %j is %s", (exists, facts, status) => {
    expect(verdictOf(declared(over(`exists: ${String(exists)}`)), facts).status).toBe(status);
  });

  it("says in its message what is missing", () => {
    const check = declared(
      "assert:\n  - { path: a.b, at-most: 15 }\n  - { fact: tls.min_version, equals: '1.3' }",
    );
    expect(check.facts).toEqual(["config:a.b", "tls.min_version"]);
    expect(verdictOf(check, { "config:a.b": 20, "tls.min_version": "1.3" }).message).toBe(
      "a.b is 20; it has to be at most 15",
    );
    expect(verdictOf(check, { "config:a.b": 5, "tls.min_version": "1.2" }).message).toBe(
      'tls.min_version is 1.2; it has to be "1.3"',
    );
    expect(verdictOf(check, { "config:a.b": 5, "tls.min_version": "1.3" }).message).toBe("all 2 hold");
  });

  it("does not apply where `when` does not hold", () => {
    const check = declared(
      "when: { path: queue.enabled, equals: true }\nassert: { path: queue.tls, equals: true }",
    );
    expect(verdictOf(check, { "config:queue.enabled": false }).status).toBe("not-applicable");
    expect(verdictOf(check, { "config:queue.enabled": true, "config:queue.tls": false }).status).toBe("fail");
    expect(verdictOf(check, { "config:queue.tls": true }).status).toBe("unknown");
  });

  it.each([
    ["no rule", "", "assert"],
    ["neither path nor fact", "assert: { equals: 1 }", "either `path` or `fact`"],
    ["both", "assert: { path: a, fact: tls.min_version, equals: 1 }", "either `path` or `fact`"],
    ["no operator", "assert: { path: a }", "name an operator"],
    ["an unknown operator", "assert: { path: a, is-like: 1 }", "is-like"],
    ["no expression", "assert: { path: a, matches: '(' }", "regular expression"],
    ["no path", "assert: { path: 'a..b', equals: 1 }", "configuration path"],
    ["a key too many", "assert: { path: a, equals: 1 }\nrule: x", "rule"],
  ])("refuses %s, with the place", (_, rule, message) => {
    const error = failure(() => declared(rule));
    expect(error).toMatchObject({ code: "policy.check", where: { file: "policy/checks/own-rule.yml" } });
    expect(error.message).toContain(message);
  });
});

describe("modules", () => {
  const directories: string[] = [];
  afterEach(() => {
    for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
  });

  function workspace(tree: Readonly<Record<string, string>>): string {
    const directory = mkdtempSync(join(tmpdir(), "lotse-checks-"));
    directories.push(directory);
    for (const [path, text] of Object.entries(tree)) {
      mkdirSync(join(directory, dirname(path)), { recursive: true });
      writeFileSync(join(directory, path), text);
    }
    return directory;
  }

  const module = (parts = ""): string => `export default {
  id: "from-a-module", title: "t", severity: "low", why: "w", remedy: "r", facts: ["config:a"],
  rule: (facts) => (facts.flag("config:a") ? { status: "pass", message: "on" } : { status: "fail", message: "off" }),
  examples: { pass: { "config:a": true }, fail: { "config:a": false } },${parts}
};\n`;

  it.each(["own.mjs", "own.ts"])("are imported: %s", async (name) => {
    const directory = workspace({
      [`policy/checks/${name}`]: module(),
      "policy/checks/own.test.ts": "throw 1;",
    });
    const [check, ...more] = await loadModules(new DirectoryFiles(directory), directory);
    expect(more).toEqual([]);
    expect(verdictOf(check as Check, { "config:a": true }).status).toBe("pass");
    expect(verdictOf(check as Check, { "config:a": false }).status).toBe("fail");
  });

  it.each([
    ["a default export is missing", "export const check = 1;\n", "default export"],
    ["the rule is no function", module('\n  rule: "x",'), "a rule is a function"],
    ["there is a key too many", module("\n  colour: 1,"), "colour"],
    ["it throws", 'throw new Error("no luck");\n', "no luck"],
  ])("are refused where %s", async (_, text, message) => {
    const directory = workspace({ "policy/checks/own.mjs": text });
    await expect(loadModules(new DirectoryFiles(directory), directory)).rejects.toMatchObject({
      code: "policy.check",
      message: expect.stringContaining(message) as string,
      where: { file: "policy/checks/own.mjs" },
    });
  });
});

it("refuses a check that takes the id of another", () => {
  const [first] = builtinChecks as readonly [Check];
  expect(failure(() => mergeChecks(builtinChecks, [{ ...first }]))).toMatchObject({
    code: "policy.check",
    message: `two checks are called ${first.id}`,
  });
});
