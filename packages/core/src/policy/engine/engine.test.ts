import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Check } from "../checks/check.ts";
import { builtinChecks } from "../checks/builtin.ts";
import { fail, pass } from "../checks/verdict.ts";
import type { FactValues } from "../facts/fact.ts";
import type { Profile } from "../profiles/profile.ts";
import { frameworkOf, profileWith, scopeWith, waiverOf } from "../testing/scope.ts";
import type { Waiver } from "../waivers/waiver.ts";
import { PlainJudge, VerdictMemo } from "./memo.ts";
import { checkPolicy, type PolicyInput } from "./run.ts";
import type { PolicyScope } from "./scope.ts";

const at = new Date("2026-06-15T12:00:00Z");

const isOn: Check = {
  id: "is-on",
  title: "It is on",
  severity: "high",
  why: "because",
  remedy: "turn it on",
  facts: ["a.on"],
  optional: ["a.seen"],
  rule: (facts) => {
    if (!facts.flag("a.on")) return fail("it is off");
    return facts.has("a.seen") && !facts.flag("a.seen") ? fail("it was seen off") : pass("it is on");
  },
  examples: { pass: { "a.on": true }, fail: { "a.on": false } },
};

function run(input: Partial<PolicyInput> & Pick<PolicyInput, "scopes">) {
  return checkPolicy({ checks: [isOn], frameworks: [frameworkOf("own", [isOn])], waivers: [], at, ...input });
}

function scope(values: FactValues, parts: Partial<PolicyScope> = {}): PolicyScope {
  return scopeWith(values, { profile: profileWith([]), frameworks: ["own"], ...parts });
}

describe("checkPolicy", () => {
  it("gives each result its evidence with path, layer, file, line, snapshot and time", () => {
    const [result] = run({ scopes: [scope({ "a.on": true })] }).results;
    expect(result).toEqual({
      check: "is-on",
      title: "It is on",
      requirements: [{ framework: "own", id: "R1" }],
      environment: "prod",
      tenant: "acme",
      status: "pass",
      severity: "high",
      message: "it is on",
      evidence: [
        {
          fact: "a.on",
          path: "a.on",
          shown: "true",
          layer: "base",
          file: "base.yml",
          line: 1,
          snapshot: "5a".repeat(32),
          at: at.toISOString(),
        },
      ],
      remedy: "turn it on",
      waiver: null,
    });
    expect(JSON.parse(JSON.stringify(result))).toHaveProperty("evidence.0.line", 1);
  });

  it("refuses a rule that reads what its check does not declare", () => {
    const sly: Check = { ...isOn, facts: ["a.seen"], optional: [] };
    expect(() => run({ checks: [sly], scopes: [scope({ "a.on": true, "a.seen": true })] })).toThrow(
      /is-on reads the fact a\.on without declaring it/u,
    );
  });

  it("names the rule that throws", () => {
    const broken: Check = {
      ...isOn,
      rule: () => {
        throw new RangeError("a mistake");
      },
    };
    expect(() => run({ checks: [broken], scopes: [scope({})] })).toThrow(
      /the rule of is-on failed: a mistake/u,
    );
  });

  it.each([
    ["yes", "it is not true or false"],
    [null, "it is not true or false"],
  ])("a value of another kind, %j, is unknown", (value, why) => {
    const [result] = run({ scopes: [scope({ "a.on": value })] }).results;
    expect(result).toMatchObject({ status: "unknown", message: `a.on is not known: ${why}` });
  });

  it("applies a framework to its tenants only, and tells no other tenant of it", () => {
    const cards: Check = { ...isOn, id: "cards" };
    const result = run({
      checks: [isOn, cards],
      frameworks: [frameworkOf("gdpr", [isOn]), frameworkOf("pci-dss", [isOn, cards])],
      scopes: [
        scope({ "a.on": true }, { tenant: "shop", frameworks: ["gdpr", "pci-dss"] }),
        scope({ "a.on": false }, { tenant: "radio", frameworks: ["gdpr"] }),
        scope({ "a.on": true }, { tenant: "nobody", frameworks: [] }),
      ],
    });
    expect(
      result.results.map(({ tenant, check, requirements }) => [
        tenant,
        check,
        requirements.map(({ framework }) => framework),
      ]),
    ).toEqual([
      ["shop", "is-on", ["gdpr", "pci-dss"]],
      ["shop", "cards", ["pci-dss"]],
      ["radio", "is-on", ["gdpr"]],
    ]);
    expect(
      result.summary.frameworks.map(({ framework, checkable, evidenced, counts }) => [
        framework,
        checkable,
        evidenced,
        counts.pass,
        counts.fail,
      ]),
    ).toEqual([
      ["gdpr", 1, 0, 1, 1],
      ["pci-dss", 2, 2, 2, 0],
    ]);
  });

  it("with one framework, looks at its scopes and checks only", () => {
    const result = run({
      framework: "own",
      scopes: [
        scope({ "a.on": true }, { tenant: "one" }),
        scope({ "a.on": true }, { tenant: "two", frameworks: [], profile: profileWith(["is-on"]) }),
      ],
    });
    expect(result.summary).toMatchObject({ scopes: 1, checks: 1 });
    expect(result.results.map(({ tenant }) => tenant)).toEqual(["one"]);
  });

  it("runs the checks of the profile whatever frameworks apply", () => {
    const [result] = run({
      scopes: [scope({ "a.on": true }, { frameworks: [], profile: profileWith(["is-on"]) })],
    }).results;
    expect(result).toMatchObject({ check: "is-on", requirements: [] });
  });

  it.each([
    ["synthetic", "not-applicable"],
    ["live", "fail"],
    [undefined, "fail"],
  ])("exempts made-up data by the profile, and no other: %j", (source, status) => {
    const profile: Profile = {
      ...profileWith(["is-on"], "development"),
      "not-applicable": { checks: ["is-on"], "data-sources": ["synthetic"], reason: "made up" },
    };
    const facts = { "a.on": false, ...(source === undefined ? {} : { "environment.data_source": source }) };
    expect(run({ scopes: [scope(facts, { profile })] }).results[0]?.status).toBe(status);
  });

  it("counts a requirement as evidenced only where every scope and every check of it is", () => {
    const other: Check = {
      ...isOn,
      id: "other",
      facts: ["b.on"],
      optional: [],
      rule: (facts) => (facts.flag("b.on") ? pass("on") : fail("off")),
    };
    const framework = {
      id: "own",
      title: "Own",
      requirements: [
        { id: "A", title: "both", checks: ["is-on", "other"], tentative: false },
        { id: "B", title: "one", checks: ["is-on"], tentative: true },
      ],
    };
    const result = run({
      checks: [isOn, other],
      frameworks: [framework],
      scopes: [scope({ "a.on": true, "b.on": true }), scope({ "a.on": true }, { tenant: "b" })],
    });
    expect(result.summary.frameworks).toEqual([
      {
        framework: "own",
        title: "Own",
        checkable: 2,
        evidenced: 1,
        counts: { pass: 3, fail: 0, unknown: 1, waived: 0, manual: 0, "not-applicable": 0 },
      },
    ]);
    expect(result.results[0]?.requirements).toEqual([
      { framework: "own", id: "A" },
      { framework: "own", id: "B", tentative: true },
    ]);
  });
});

describe("waivers in a run", () => {
  const off = scope({ "a.on": false });

  it.each([
    [
      "holds where its patterns fit",
      { scope: { environments: ["pr*"], tenants: ["ac?e"] } },
      false,
      "waived",
    ],
    ["not elsewhere", { scope: { environments: ["staging"], tenants: ["*"] } }, false, "fail"],
    ["not for another check", { check: "other" }, false, "fail"],
    ["not when its author approved it", { approver: "ANN@example.com" }, false, "fail"],
    ["not when it holds for too long", { approved: "2026-01-01", expires: "2026-12-31" }, false, "fail"],
    ["not before it is approved", { approved: "2026-06-16" }, false, "fail"],
    ["when nobody knows its author", { authors: undefined }, false, "waived"],
    ["but not in a strict run then", { authors: undefined }, true, "fail"],
  ] as const)("%s", (_, parts, strict, status) => {
    const result = run({ scopes: [off], waivers: [waiverOf("is-on", parts as Partial<Waiver>)], strict });
    expect(result.results[0]?.status).toBe(status);
    expect(result.summary.ok).toBe(status === "waived");
  });

  it("takes one that holds before one that has ended", () => {
    const waivers = [
      waiverOf("is-on", { id: "old", expires: "2026-06-01" }),
      waiverOf("is-on", { id: "new" }),
    ];
    expect(run({ scopes: [off], waivers }).results[0]?.waiver?.id).toBe("new");
  });

  it("leaves a passing check alone", () => {
    const result = run({ scopes: [scope({ "a.on": true })], waivers: [waiverOf("is-on")] });
    expect(result.results[0]).toMatchObject({ status: "pass", waiver: null });
  });
});

describe("VerdictMemo", () => {
  it("runs a rule once for the same facts, and again for others", () => {
    const memo = new VerdictMemo("2026-06-15", () => "nowhere");
    const shared = scope({ "a.on": true });
    const scopes = Array.from({ length: 50 }, (_, index) => ({ ...shared, tenant: `t${index}` }));
    run({ scopes, judge: memo });
    expect(memo.judged).toBe(1);
    run({ scopes: [scope({ "a.on": true })], judge: memo });
    expect(memo.judged).toBe(2);
  });

  it("says the same as running every rule anew, for any facts", () => {
    const values = fc.dictionary(
      fc.constantFrom(
        ...new Set(builtinChecks.flatMap(({ facts, optional }) => [...facts, ...(optional ?? [])])),
      ),
      fc.oneof(
        fc.boolean(),
        fc.integer({ min: -5, max: 4000 }),
        fc.constantFrom(
          "production",
          "staging",
          "1.2",
          "1.3",
          "verify-full",
          "deny",
          "full",
          "live",
          "2026-06-01T00:00:00Z",
        ),
        fc.constant(null),
        fc.array(
          fc.constantFrom<string | { name: string; permissions: string[] }>("gdpr", "password", {
            name: "x",
            permissions: ["a:*"],
          }),
          { maxLength: 3 },
        ),
        fc.constant({ at: "2026-06-01", ok: true, success: true }),
      ),
    );
    fc.assert(
      fc.property(
        fc.array(values, { maxLength: 6 }),
        fc.array(fc.nat({ max: 5 }), { maxLength: 12 }),
        (sets, order) => {
          const made = sets.map((set) => scope(set as FactValues, { frameworks: ["own"] }));
          const scopes = order.flatMap((index) => made[index] ?? []);
          const input = { scopes, checks: builtinChecks, frameworks: [frameworkOf("own", builtinChecks)] };
          const plain = run({ ...input, judge: new PlainJudge("2026-06-15", () => "no source supplies it") });
          expect(JSON.stringify(run(input))).toBe(JSON.stringify(plain));
        },
      ),
      { numRuns: 60 },
    );
  });
});
