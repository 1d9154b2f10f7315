import { describe, expect, test } from "vitest";
import type { Diagnostic } from "../../kernel/index.ts";
import type { ResolveRequest, SetEntry } from "../resolve/request.ts";
import { engineOf, failure, type Tree } from "../testing/workspace.ts";

interface Given {
  readonly schema: string;
  readonly base?: string;
  readonly files?: Tree;
  readonly set?: readonly SetEntry[];
  readonly overrides?: readonly string[];
  readonly variables?: Readonly<Record<string, string>>;
  readonly breakGlass?: string;
  readonly now?: string;
  readonly request?: Partial<ResolveRequest>;
}

function problems(given: Given): readonly Diagnostic[] {
  const engine = engineOf(
    {
      "lotse.yml": `version: 1\nschema: schema.yml\n${given.breakGlass === undefined ? "" : `break-glass:\n${given.breakGlass}`}`,
      "schema.yml": given.schema,
      "environments/base.yml": given.base ?? "x: 5\n",
      "environments/dev/dev.yml": "",
      "environments/prod/prod.yml": "",
      "environments/tenants/acme.yml": "tenant: {id: acme}\n",
      "environments/tenants/beta.yml": "tenant: {id: beta}\n",
      ...given.files,
    },
    { variables: given.variables ?? {}, now: given.now ?? "2026-06-15" },
  );
  const { set, overrides } = given;
  return engine.resolve({ environment: "dev", tenant: "acme", set, overrides, ...given.request }).diagnostics;
}

const x = (keywords: string): string => `properties: {x: {${keywords}}}\n`;
const final = x("x-final: true");

/** Every way in which a value can reach a configuration, setting `x` to 6. */
const waysIn: readonly (readonly [string, Partial<Given>, string])[] = [
  ["the environment's file", { files: { "environments/dev/dev.yml": "x: 6\n" } }, "environments/dev/dev.yml"],
  [
    "an override",
    { files: { "environments/dev/overrides/o.yml": "x: 6\n" }, overrides: ["o"] },
    "environments/dev/overrides/o.yml",
  ],
  [
    "a parent",
    { files: { "environments/dev/dev.yml": "extends: p.yml\n", "environments/dev/p.yml": "x: 6\n" } },
    "environments/dev/p.yml",
  ],
  [
    "a tier",
    {
      files: { "environments/tenants/acme.yml": "tenant: {tier: t}\n", "environments/tiers/t.yml": "x: 6\n" },
    },
    "environments/tiers/t.yml",
  ],
  [
    "a tenant's file",
    { files: { "environments/tenants/acme.yml": "x: 6\n" } },
    "environments/tenants/acme.yml",
  ],
  [
    "a tenant's file in the environment",
    { files: { "environments/dev/tenants/acme.yml": "x: 6\n" } },
    "environments/dev/tenants/acme.yml",
  ],
  ["JSON", { files: { "environments/tenants/acme.yml": '{"x": 6}' } }, "environments/tenants/acme.yml"],
  [
    "a tag",
    { files: { "environments/tenants/acme.yml": "x: !replace 6\n" } },
    "environments/tenants/acme.yml",
  ],
  [
    "a merge key",
    { files: { "environments/tenants/acme.yml": "<<: {x: 6}\n" } },
    "environments/tenants/acme.yml",
  ],
  ["the process environment", { variables: { LOTSE__X: "6" } }, "env:LOTSE__X"],
  ["--set", { set: [{ path: "x", text: "6" }] }, "--set x"],
  ["--set with a tag", { set: [{ path: "x", text: "!replace 6" }] }, "--set x"],
  ["a library call", { set: [{ path: "x", value: 6 }] }, "--set x"],
];

describe("every way in", () => {
  const integer = "type: integer, ";
  test.each(waysIn)("final holds against %s, with both places", (_, way, file) => {
    expect(problems({ schema: x(`${integer}x-final: true`), ...way })).toMatchObject([
      {
        code: "lock.final",
        severity: "error",
        message: "x is final and may not be changed",
        where: { file, line: 1, column: expect.any(Number), path: "x" },
        related: [{ file: "environments/base.yml", line: 1, column: 4, path: "x" }],
      },
    ]);
  });

  test.each(waysIn)("x-overridable-by holds against %s", (_, way, file) => {
    expect(problems({ schema: x(`${integer}x-overridable-by: [region]`), ...way })).toMatchObject([
      {
        code: "lock.not-overridable",
        hint: expect.stringContaining("region"),
        where: { file },
        related: [{ file: "environments/base.yml" }],
      },
    ]);
  });

  test.each(waysIn)("a guard holds against %s", (_, way, file) => {
    expect(problems({ schema: x(`${integer}x-guard: {only-lower: true}`), ...way })).toMatchObject([
      {
        code: "lock.guard",
        message: expect.stringContaining("5 below, 6 here"),
        where: { file },
        related: [{ file: "environments/base.yml" }],
      },
    ]);
  });
});

describe("ways round", () => {
  const deep = "properties: {m: {properties: {x: {x-final: true}}}}\n";
  test.each<[string, string, string, string]>([
    ["deleting it", "x: !delete\n", final, "x: 5\n"],
    ["null", "x:\n", final, "x: 5\n"],
    ["deleting its parent", "m: !delete\n", deep, "m: {x: 5}\n"],
    ["replacing its parent", "m: !replace {y: 1}\n", deep, "m: {x: 5}\n"],
    ["replacing its parent with a changed value", "m: !replace {x: 6}\n", deep, "m: {x: 5}\n"],
    ["replacing its parent with a text", "m: !replace text\n", deep, "m: {x: 5}\n"],
    ["setting its parent to null", "m:\n", deep, "m: {x: 5}\n"],
    ["replacing its parent with a reference", "m: ${n}\nn: {x: 6}\n", deep, "m: {x: 5}\n"],
    ["appending to a final list", "x: !append [1]\n", final, "x: [5]\n"],
    ["changing a list by its items", "x: !merge [{name: a, v: 2}]\n", final, "x: [{name: a, v: 1}]\n"],
    ["adding to a final map", "x: {b: 1}\n", final, "x: {a: 1}\n"],
    ["changing what it refers to", "y: 6\n", final, "x: ${y}\ny: 5\n"],
    ["changing what its text refers to", "y: 6\n", final, "x: v${y}\ny: 5\n"],
    ["changing what it refers to by a way round", "z: 6\n", final, "x: ${y}\ny: ${z}\nz: 5\n"],
    ["changing a map that its parent refers to", "n: {x: 6}\n", deep, "m: ${n}\nn: {x: 5}\n"],
    ["deleting what it refers to", "y: !delete\n", final, "x: ${y}\ny: 5\n"],
    ["taking over its default", "y: 6\n", final, "x: ${y:-5}\n"],
    ["a reference to another value", "x: ${y}\ny: 6\n", final, "x: 5\n"],
    ["changing a map that it refers to", "n: {a: {b: 6}}\n", final, "x: ${n}\nn: {a: {b: 5}}\n"],
    ["naming another secret", "x: ${secret:b}\n", final, "x: ${secret:a}\n"],
  ])("%s", (_, tenant, schema, base) => {
    const found = problems({ schema, base, files: { "environments/tenants/acme.yml": tenant } });
    expect(found.filter(({ code }) => code === "lock.final")).toMatchObject([
      {
        severity: "error",
        where: { file: "environments/tenants/acme.yml", line: expect.any(Number) },
        related: [{ file: "environments/base.yml", line: expect.any(Number) }],
      },
    ]);
  });

  test("the way through --set and the process environment, too", () => {
    const base = "x: ${y}\ny: 5\n";
    expect(problems({ schema: final, base, set: [{ path: "y", text: "6" }] })).toMatchObject([
      { code: "lock.final", where: { file: "--set y" } },
    ]);
    const schema = "properties: {x: {x-final: true}, y: {type: integer}}\n";
    expect(problems({ schema, base, variables: { LOTSE__Y: "6" } })).toMatchObject([
      { code: "lock.final", where: { file: "env:LOTSE__Y" } },
    ]);
  });

  test.each<[string, string, string]>([
    ["the same value", "x: 5\n", "x: 5\n"],
    ["the same value written differently", "x: 5.0\n", "x: 5\n"],
    ["the same value through a reference", "x: ${y}\ny: 5\n", "x: 5\n"],
    ["the same list in another form", "x:\n  - a\n", "x: [a]\n"],
    ["the same map again", "x: {a: 1}\n", "x: {a: 1, b: 2}\n"],
    ["something else", "y: 1\n", "x: 5\n"],
    ["the first value", "x: 5\n", "y: 1\n"],
    ["the value that a reference was waiting for", "y: 5\n", "x: ${y}\n"],
  ])("%s is no change", (_, tenant, base) => {
    expect(problems({ schema: final, base, files: { "environments/tenants/acme.yml": tenant } })).toEqual([]);
  });

  test("what a layer may delete, another may not set again", () => {
    const files = {
      "environments/tenants/acme.yml": "x: !delete\n",
      "environments/dev/tenants/acme.yml": "x: 6\n",
    };
    expect(problems({ schema: x("x-overridable-by: [tenant]"), files })).toMatchObject([
      {
        code: "lock.not-overridable",
        where: { file: "environments/dev/tenants/acme.yml" },
        related: [{ file: "environments/base.yml" }],
      },
    ]);
  });

  test("x-overridable-by lets the layers through that it names", () => {
    const files = { "environments/tenants/acme.yml": "x: 6\n" };
    expect(problems({ schema: x("x-overridable-by: [environment, tenant]"), files })).toEqual([]);
    expect(problems({ schema: x("x-overridable-by: []"), files })).toMatchObject([
      { hint: expect.stringContaining("no layer") },
    ]);
  });

  test("each layer that breaks a lock is told", () => {
    const files = { "environments/dev/dev.yml": "x: 6\n", "environments/tenants/acme.yml": "x: 7\n" };
    const found = problems({ schema: final, files });
    expect(found.map(({ where, related }) => [where.file, related?.[0]?.file])).toEqual([
      ["environments/dev/dev.yml", "environments/base.yml"],
      ["environments/tenants/acme.yml", "environments/dev/dev.yml"],
    ]);
  });
});

describe("where a schema locks", () => {
  test.each<[string, string, string, string]>([
    ["behind $ref", `${x("$ref: '#/$defs/f'")}$defs: {f: {x-final: true}}\n`, "x: 5\n", "x: 6\n"],
    ["in allOf", x("allOf: [{x-final: true}]"), "x: 5\n", "x: 6\n"],
    ["in additionalProperties", "additionalProperties: {x-final: true}\n", "x: 5\n", "x: 6\n"],
    ["in patternProperties", "patternProperties: {'^x': {x-final: true}}\n", "x: 5\n", "x: 6\n"],
    [
      "below a wildcard",
      "properties: {x: {additionalProperties: {properties: {y: {x-final: true}}}}}\n",
      "x: {a: {y: 5}}\n",
      "x: {a: {y: 6}}\n",
    ],
    [
      "below a wildcard, through a reference to a map",
      "properties: {x: {additionalProperties: {x-final: true}}}\n",
      "x: ${d}\nd: {a: 5}\n",
      "d: {a: 6}\n",
    ],
    [
      "below a wildcard, deleted",
      "properties: {x: {additionalProperties: {x-final: true}}}\n",
      "x: {a: 5}\n",
      "x: {a: !delete }\n",
    ],
  ])("%s", (_, schema, base, tenant) => {
    const files = { "environments/tenants/acme.yml": tenant };
    expect(problems({ schema, base, files }).map(({ code }) => code)).toEqual(["lock.final"]);
  });

  test.each<[string, string]>([
    [
      "a key of its own under additionalProperties",
      "properties: {x: {}}\nadditionalProperties: {x-final: true}\n",
    ],
    ["a key that patternProperties do not match", "patternProperties: {'^y': {x-final: true}}\n"],
  ])("does not lock %s", (_, schema) => {
    expect(problems({ schema, files: { "environments/tenants/acme.yml": "x: 6\n" } })).toEqual([]);
  });

  test("a path that two rules lock is told once", () => {
    const schema = "properties: {x: {x-final: true}}\npatternProperties: {x: {x-final: true}}\n";
    expect(problems({ schema, files: { "environments/tenants/acme.yml": "x: 6\n" } })).toHaveLength(1);
  });

  test("a lock inside a list is refused", () => {
    const schema = x("items: {properties: {y: {x-final: true}}}");
    expect(failure(() => problems({ schema })).code).toBe("schema.unsupported");
  });

  test("a recursive schema ends", () => {
    const schema = `${x("$ref: '#/$defs/n'")}$defs: {n: {properties: {v: {x-final: true}, n: {$ref: '#/$defs/n'}}}}\n`;
    const found = problems({
      schema,
      base: "x: {v: 1, n: {v: 2}}\n",
      files: { "environments/tenants/acme.yml": "x: {n: {v: 3}}\n" },
    });
    expect(found.map(({ where }) => where.path)).toEqual(["x.n.v"]);
  });

  test("a schema of references that double ends", () => {
    const defs = Array.from(
      { length: 30 },
      (_, level) =>
        `d${level}: {properties: {a: {$ref: '#/$defs/d${level + 1}'}, b: {$ref: '#/$defs/d${level + 1}'}}}`,
    );
    const schema = (leaf: string): string =>
      `${x("$ref: '#/$defs/d0'")}$defs: {${defs.join(", ")}, d30: {${leaf}}}\n`;
    expect(failure(() => problems({ schema: schema("x-final: true") })).code).toBe("schema.unsupported");
    expect(problems({ schema: schema("type: integer"), base: "" })).toEqual([]);
  });
});

describe("guards", () => {
  test.each<[string, string, string, string, string | undefined]>([
    ["min", "min: 5", "", "x: 5", undefined],
    ["below min", "min: 5", "", "x: 4", "is 4, below its guard's minimum"],
    ["below min in the lowest layer", "min: 5", "x: 4", "", "is 4, below its guard's minimum"],
    ["max", "max: 5", "", "x: 5.0", undefined],
    ["above max", "max: 5", "", "x: 5.01", "is 5.01, above its guard's maximum"],
    ["above max, as written", "max: 1", "", "x: 1.10", "is 1.10, above"],
    ["a bigint above max", "max: 5", "", "x: 9007199254740993", "is 9007199254740993, above"],
    ["a text under min", "min: 5", "", "x: a", "which is no number"],
    ["null under min", "min: 5", "x: 6", "x: null", "which is no number"],
    ["one of enum", "enum: [a, 1, true, null]", "", "x: 1", undefined],
    ["not one of enum", "enum: [a, b]", "", "x: c", "is c, which its guard does not allow"],
    ["a list under enum", "enum: [a, b]", "", "x: [a]", "is a list, which its guard does not allow"],
    ["raised", "only-raise: true", "x: 5", "x: 6", undefined],
    ["lowered", "only-raise: true", "x: 5", "x: 4.5", "may only be raised: 5 below, 4.5 here"],
    [
      "lowered by a bigint",
      "only-raise: true",
      "x: 9007199254740994",
      "x: 9007199254740993",
      "may only be raised",
    ],
    ["raised to a bigint", "only-raise: true", "x: 5", "x: 9007199254740993", undefined],
    [
      "lowered from a bigint to a float",
      "only-raise: true",
      "x: 9007199254740993",
      "x: 1.5",
      "may only be raised",
    ],
    [
      "raised although it may only be lowered",
      "only-lower: true",
      "x: 5",
      "x: 6",
      "may only be lowered: 5 below, 6 here",
    ],
    ["lowered", "only-lower: true", "x: 5", "x: 4", undefined],
    [
      "raised in the order of enum",
      "only-raise: true, enum: [low, mid, high]",
      "x: mid",
      "x: high",
      undefined,
    ],
    [
      "lowered in the order of enum",
      "only-raise: true, enum: [low, mid, high]",
      "x: mid",
      "x: low",
      "may only be raised: mid below, low here",
    ],
    [
      "lowered in the order of an enum of numbers",
      "only-raise: true, enum: [30, 20, 10]",
      "x: 20",
      "x: 30",
      "may only be raised: 20 below, 30 here",
    ],
    ["texts without an order", "only-raise: true", "x: a", "x: b", "have no order"],
    ["deleted", "only-raise: true", "x: 5", "x: !delete", "is guarded and may not be deleted"],
    ["null", "only-raise: true", "x: 5", "x: null", "have no order"],
    ["deleted without a direction", "min: 5", "x: 5", "x: !delete", undefined],
  ])("%s", (_, guard, base, tenant, message) => {
    const found = problems({
      schema: x(`x-guard: {${guard}}`),
      base: `${base}\n`,
      files: { "environments/tenants/acme.yml": `${tenant}\n` },
    });
    expect(found).toMatchObject(
      message === undefined
        ? []
        : [{ code: "lock.guard", message: expect.stringContaining(message), where: { path: "x" } }],
    );
    expect(found).toHaveLength(message === undefined ? 0 : 1);
  });

  test("each layer is compared with the one below it", () => {
    const files = { "environments/dev/dev.yml": "x: 8\n", "environments/tenants/acme.yml": "x: 7\n" };
    expect(problems({ schema: x("x-guard: {only-raise: true}"), files })).toMatchObject([
      { where: { file: "environments/tenants/acme.yml" }, related: [{ file: "environments/dev/dev.yml" }] },
    ]);
  });

  test("the content of a secret is in no message", () => {
    for (const keywords of [
      "x-guard: {enum: [a]}",
      "x-guard: {only-raise: true}",
      "x-guard: {min: 1}",
      "x-final: true",
    ]) {
      const files = { "environments/tenants/acme.yml": "x: hunter2\n" };
      const found = problems({ schema: x(`x-secret: true, ${keywords}`), base: "x: correct-horse\n", files });
      expect(found.length).toBeGreaterThan(0);
      expect(JSON.stringify(found)).not.toMatch(/hunter2|correct-horse/u);
    }
  });

  test("a value behind a vast number of ways through references ends", () => {
    const levels = Array.from({ length: 60 }, (_, level) => `a${level + 1}: "\${a${level}}\${a${level}}"`);
    const found = problems({
      schema: x("x-guard: {enum: [a]}"),
      base: `a0: ""\n${levels.join("\n")}\n`,
      files: { "environments/tenants/acme.yml": "x: ${a60}\n" },
    });
    expect(found).toMatchObject([{ code: "lock.guard", where: { file: "environments/tenants/acme.yml" } }]);
  });
});

describe("break glass", () => {
  const entry = (more: string, expires = "2026-06-15"): string =>
    `  - {path: x, reason: "OPS-1: a good reason", expires: "${expires}"${more}}\n`;
  const broken = { schema: final, files: { "environments/tenants/acme.yml": "x: 6\n" } };

  test("lifts a lock, and is reported with its reason and its place", () => {
    expect(problems({ ...broken, breakGlass: entry("") })).toMatchObject([
      {
        code: "lock.break-glass",
        severity: "warning",
        message: "x is final and may not be changed; lifted until 2026-06-15: OPS-1: a good reason",
        where: { file: "environments/tenants/acme.yml", line: 1, column: 4 },
        related: [{ file: "environments/base.yml" }, { file: "lotse.yml", line: 4, column: 5 }],
      },
    ]);
  });

  test.each<[string, string, string, boolean]>([
    ["on its last day", "2026-06-15", "2026-06-15T23:59:59Z", true],
    ["on its last day in UTC, elsewhere the next", "2026-06-15", "2026-06-16T01:00:00+02:00", true],
    ["the day after", "2026-06-15", "2026-06-16T00:00:00Z", false],
    ["long before", "2030-01-01", "2026-06-15", true],
  ])("%s", (_, expires, now, lifted) => {
    const found = problems({ ...broken, breakGlass: entry("", expires), now });
    expect(found.map(({ severity }) => severity)).toEqual([lifted ? "warning" : "error"]);
    if (!lifted)
      expect(found).toMatchObject([
        {
          code: "lock.final",
          message: expect.stringContaining(`expired on ${expires}`),
          related: [{}, { file: "lotse.yml" }],
        },
      ]);
  });

  test.each<[string, string, Partial<ResolveRequest>, boolean]>([
    ["its environment", ", environment: dev", {}, true],
    ["its environment by an alias", ", environment: development", {}, true],
    ["another environment", ", environment: prod", {}, false],
    ["its environment, asked for by an alias", ", environment: dev", { environment: "development" }, true],
    ["its tenant", ", tenant: acme", {}, true],
    ["another tenant", ", tenant: beta", {}, false],
    ["its tenant in its environment", ", tenant: acme, environment: dev", {}, true],
    ["its tenant in another environment", ", tenant: acme, environment: prod", {}, false],
  ])("%s", (_, scope, request, lifted) => {
    const found = problems({ ...broken, breakGlass: entry(scope), request });
    expect(found.map(({ severity }) => severity)).toEqual([lifted ? "warning" : "error"]);
  });

  test.each([
    ["x", true],
    ["x.y", true],
    ["x.y.z", false],
    ["x.z", false],
    ['["x"].y', true],
  ])("an entry for %s covers x.y: %j", (path, lifted) => {
    const found = problems({
      schema: "properties: {x: {properties: {y: {x-final: true}}}}\n",
      base: "x: {y: 1}\n",
      files: { "environments/tenants/acme.yml": "x: {y: 2}\n" },
      breakGlass: `  - {path: '${path}', reason: "OPS-1: a good reason", expires: "2026-06-15"}\n`,
    });
    expect(found.map(({ severity }) => severity)).toEqual([lifted ? "warning" : "error"]);
  });

  test.each([
    ["a path that is not well formed", '{path: "a..b", reason: "a good reason", expires: "2026-06-15"}'],
    ["__proto__ in its path", '{path: "__proto__", reason: "a good reason", expires: "2026-06-15"}'],
    ["no reason", '{path: x, expires: "2026-06-15"}'],
    ["a reason that says nothing", '{path: x, reason: "x", expires: "2026-06-15"}'],
    ["no last day", '{path: x, reason: "a good reason"}'],
    ["a day that is none", '{path: x, reason: "a good reason", expires: "2026-02-30"}'],
    ["a moment", '{path: x, reason: "a good reason", expires: "2026-06-15T00:00:00Z"}'],
    ["a misspelt key", '{path: x, reason: "a good reason", expires: "2026-06-15", tennant: acme}'],
  ])("%s is an error of lotse.yml", (_, text) => {
    expect(failure(() => problems({ ...broken, breakGlass: `  - ${text}\n` }))).toMatchObject({
      code: "workspace.invalid",
      where: { file: "lotse.yml", line: 4 },
    });
  });

  test("an entry that lifts nothing is not reported", () => {
    expect(problems({ schema: final, breakGlass: entry("") })).toEqual([]);
  });
});

test("locks see a file that changed", () => {
  const engineFiles = {
    "lotse.yml": "version: 1\nschema: schema.yml\n",
    "schema.yml": final,
    "environments/base.yml": "x: ${file:a.txt}\n",
    "environments/a.txt": "one",
    "environments/dev/dev.yml": "x: one\n",
  };
  const engine = engineOf(engineFiles);
  expect(engine.resolve({ environment: "dev" }).diagnostics).toEqual([]);
  (engine.files as unknown as { write: (path: string, text: string) => void }).write(
    "environments/a.txt",
    "two",
  );
  engine.refresh(["environments/a.txt"]);
  expect(engine.resolve({ environment: "dev" }).diagnostics).toMatchObject([{ code: "lock.final" }]);
});
