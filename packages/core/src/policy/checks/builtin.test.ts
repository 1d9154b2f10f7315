import { describe, expect, it } from "vitest";
import { checkPolicy } from "../engine/run.ts";
import { definitionOf } from "../facts/catalogue.ts";
import type { FactValues } from "../facts/fact.ts";
import type { CheckResult } from "../model.ts";
import { packagedRules } from "../rules.ts";
import { frameworkOf, profileWith, scopeWith, waiverOf } from "../testing/scope.ts";
import type { Waiver } from "../waivers/waiver.ts";
import { builtinChecks } from "./builtin.ts";
import type { Check } from "./check.ts";

/** Runs one check as the engine would, with its framework and waivers. */
function judge(check: Check, facts: FactValues, waivers: readonly Waiver[] = [], strict = false) {
  const run = checkPolicy({
    scopes: [scopeWith(facts, { profile: profileWith([]), frameworks: ["own"] })],
    checks: builtinChecks,
    frameworks: [frameworkOf("own", [check])],
    waivers,
    at: new Date("2026-06-15T12:00:00Z"),
    strict,
  });
  expect(run.results).toHaveLength(1);
  return { result: run.results[0] as CheckResult, ok: run.summary.ok };
}

const required = builtinChecks.flatMap((check) => check.facts.map((fact) => ({ check, fact })));

describe.each(builtinChecks)("$id", (check) => {
  it("passes with the least that it needs", () => {
    const { result, ok } = judge(check, check.examples.pass);
    expect(result).toMatchObject({ status: "pass", severity: check.severity, waiver: null });
    expect(ok).toBe(true);
    expect(result.evidence.map(({ fact }) => fact).sort()).toEqual([...check.facts].sort());
  });

  it("fails with its failing example, and says which fact decided", () => {
    const { result, ok } = judge(check, check.examples.fail);
    expect(result).toMatchObject({ status: "fail", remedy: check.remedy, waiver: null });
    expect(ok).toBe(false);
    expect(result.evidence.length).toBeGreaterThan(0);
  });

  it("is waived until the day that the waiver ends", () => {
    const { result, ok } = judge(check, check.examples.fail, [waiverOf(check.id, { expires: "2026-06-15" })]);
    expect(result.status).toBe("waived");
    expect(result.waiver).toMatchObject({ id: `waive-${check.id}`, approver: "ben@example.com" });
    expect(ok).toBe(true);
  });

  it("fails again the day after", () => {
    const { result, ok } = judge(check, check.examples.fail, [waiverOf(check.id, { expires: "2026-06-14" })]);
    expect(result).toMatchObject({ status: "fail", waiver: null });
    expect(result.message).toContain("expired on 2026-06-14");
    expect(ok).toBe(false);
  });

  it("reads only facts of the catalogue, and its examples hold no others", () => {
    const names = [...check.facts, ...(check.optional ?? [])];
    for (const name of names) expect(definitionOf(name), name).toBeDefined();
    for (const values of [check.examples.pass, check.examples.fail])
      expect(names).toEqual(expect.arrayContaining(Object.keys(values)));
  });
});

it.each(required)("$check.id is unknown without $fact, and strict fails then", ({ check, fact }) => {
  const { [fact]: _, ...rest } = check.examples.pass;
  const { result, ok } = judge(check, rest);
  expect(result.status).toBe("unknown");
  expect(result.message).toContain(fact);
  expect(ok).toBe(true);
  expect(judge(check, rest, [], true).ok).toBe(false);
});

it("an unknown can be waived, and an ended waiver makes a failure of it", () => {
  const [check] = builtinChecks as readonly [Check];
  expect(judge(check, {}, [waiverOf(check.id)]).result.status).toBe("waived");
  expect(judge(check, {}, [waiverOf(check.id, { expires: "2026-06-01" })]).result.status).toBe("fail");
});

describe("the packaged data", () => {
  const { frameworks, profiles } = packagedRules();

  it("has the 45 rows, each with a number of its own", () => {
    const numbers = builtinChecks.flatMap(({ number }) => number ?? []);
    expect(numbers).toEqual(Array.from({ length: 45 }, (_, index) => index + 1));
    expect(new Set(builtinChecks.map(({ id }) => id)).size).toBe(builtinChecks.length);
  });

  it("maps every row to every framework, but those of which the table has none", () => {
    for (const { id, checks } of frameworks.map((framework) => ({
      id: framework.id,
      checks: new Set(framework.requirements.flatMap((requirement) => requirement.checks)),
    }))) {
      const missing = builtinChecks.filter(
        ({ number, id: check }) => number !== undefined && !checks.has(check),
      );
      expect([id, missing.map(({ number }) => number)]).toEqual([id, id === "pci-dss" ? [38, 40, 41] : []]);
    }
  });

  it.each([
    ["gdpr", 17],
    ["soc2", 17],
    ["hipaa", 32],
    ["iso27001", 28],
    ["pci-dss", 45],
  ])("%s has %i requirements", (id, count) => {
    expect(frameworks.find((framework) => framework.id === id)?.requirements).toHaveLength(count);
  });

  it("keeps the tentative mappings apart", () => {
    const pci = frameworks.find(({ id }) => id === "pci-dss");
    const tentative = pci?.requirements.filter((requirement) => requirement.tentative).map(({ id }) => id);
    expect(tentative).toEqual(
      expect.arrayContaining([
        "2.2.2",
        "2.2.6",
        "3.4.1",
        "6.3.2",
        "6.5.1",
        "6.5.3",
        "6.5.4",
        "8.6.2",
        "10.6.1",
        "12.8.2",
        "12.10.1",
        "12.10.2",
        "A1.1.1",
      ]),
    );
    expect(tentative).toHaveLength(13);
  });

  it("has a profile for development, staging and production", () => {
    expect(profiles.map(({ kind }) => kind)).toEqual(["development", "production", "staging"]);
  });
});
