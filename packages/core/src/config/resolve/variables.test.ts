import { describe, expect, test } from "vitest";
import type { Diagnostic } from "../../kernel/index.ts";
import type { PlainValue } from "../model/plain.ts";
import { engineOf, failure } from "../testing/workspace.ts";
import type { SetEntry } from "./request.ts";

const schema = `
properties:
  text: {type: string}
  int: {type: integer}
  number: {type: number}
  flag: {type: boolean}
  maybe: {type: [integer, "null"]}
  either: {type: [integer, string]}
  list: {type: array}
  numbers: {type: array, items: {type: integer}}
  map: {type: object}
  choice: {enum: [1, 2]}
  kebab-key: {properties: {camelKey: {type: integer}}}
  under_score: {type: integer}
  hidden: {type: integer, x-secret: true}
  by-name: {additionalProperties: {properties: {port: {type: integer}}}}
`;

interface Outcome {
  readonly get: (path: string) => unknown;
  readonly problems: readonly Diagnostic[];
}

const tree = (base: string) => ({
  "lotse.yml": "version: 1\nschema: schema.yml\n",
  "schema.yml": schema,
  "environments/dev/dev.yml": base,
});

function withVariables(variables: Readonly<Record<string, string>>, base = ""): Outcome {
  const snapshot = engineOf(tree(base), { variables }).resolve({ environment: "dev" });
  return { get: (path) => snapshot.get(path), problems: snapshot.diagnostics };
}

function withSet(set: readonly SetEntry[], base = ""): Outcome {
  const snapshot = engineOf(tree(base)).resolve({ environment: "dev", set });
  return { get: (path) => snapshot.get(path), problems: snapshot.diagnostics };
}

describe("the process environment", () => {
  test.each<[string, string, string, unknown]>([
    ["LOTSE__TEXT", "1.10", "text", "1.10"],
    ["LOTSE__TEXT", "", "text", ""],
    ["LOTSE__TEXT", " a = #b\n", "text", " a = #b\n"],
    ["LOTSE__TEXT", "null", "text", "null"],
    ["LOTSE__INT", "5", "int", 5],
    ["LOTSE__INT", " -7 ", "int", -7],
    ["LOTSE__INT", "9007199254740993", "int", 9007199254740993n],
    ["LOTSE__NUMBER", "1.10", "number", 1.1],
    ["LOTSE__NUMBER", "5", "number", 5],
    ["LOTSE__FLAG", "true", "flag", true],
    ["LOTSE__FLAG", "FALSE", "flag", false],
    ["LOTSE__MAYBE", "", "maybe", null],
    ["LOTSE__MAYBE", "null", "maybe", null],
    ["LOTSE__MAYBE", "3", "maybe", 3],
    ["LOTSE__EITHER", "3", "either", "3"],
    ["LOTSE__LIST", "a, b,c", "list", ["a", "b", "c"]],
    ["LOTSE__LIST", "", "list", []],
    ["LOTSE__LIST", "[1, {a: b}]", "list", [1, { a: "b" }]],
    ["LOTSE__MAP", '{"a": {"b": 1}}', "map", { a: { b: 1 } }],
    ["LOTSE__CHOICE", "2", "choice", 2],
    ["LOTSE__UNKNOWN", "5", "unknown", "5"],
    ["LOTSE__UNKNOWN__DEEP", "no", "unknown.deep", "no"],
    ["LOTSE__KEBAB_KEY__CAMELKEY", "5", "kebab-key.camelKey", 5],
    ["LOTSE__kebab_key__camelKey", "5", "kebab-key.camelKey", 5],
    ["LOTSE__UNDER_SCORE", "5", "under_score", 5],
    ["LOTSE__BY_NAME__API__PORT", "5", "by-name.api.port", 5],
    ["LOTSE__TEXT", "x${int:-3}", "text", "x3"],
    ["LOTSE__INT", "${number}", "int", 7],
  ])("%s=%j sets %s", (name, text, path, value) => {
    const { get, problems } = withVariables({
      [name]: text,
      ...(text.includes("number") ? { LOTSE__NUMBER: "7" } : {}),
    });
    expect(problems).toEqual([]);
    expect(get(path)).toEqual(value);
  });

  test.each<[string, string, string, string]>([
    ["LOTSE__INT", "five", "schema.coercion", '"five" cannot be read as integer'],
    ["LOTSE__INT", "1.5", "schema.coercion", "integer"],
    ["LOTSE__INT", "012", "schema.coercion", "integer"],
    ["LOTSE__INT", "", "schema.coercion", "integer"],
    ["LOTSE__NUMBER", "0x1f", "schema.coercion", "number"],
    ["LOTSE__FLAG", "yes", "schema.coercion", "boolean"],
    ["LOTSE__FLAG", "1", "schema.coercion", "boolean"],
    ["LOTSE__LIST", "[1", "schema.coercion", "array"],
    ["LOTSE__MAP", "a", "schema.coercion", "object"],
    ["LOTSE__MAP", '{"__proto__": 1}', "schema.coercion", "object"],
    ["LOTSE__MAP", "[".repeat(1000), "schema.coercion", "object"],
    ["LOTSE__CHOICE", "x", "schema.coercion", "integer"],
    ["LOTSE__", "5", "parse.path", 'no key: ""'],
    ["LOTSE__A____B", "5", "parse.path", 'no key: ""'],
    ["LOTSE__A__", "5", "parse.path", 'no key: ""'],
    ["LOTSE____PROTO__", "5", "parse.path", "no key"],
    ["LOTSE__A__CONSTRUCTOR", "5", "parse.path", "CONSTRUCTOR"],
    ["LOTSE__PROTOTYPE__A", "5", "parse.path", "PROTOTYPE"],
    [`LOTSE${"__A".repeat(30_000)}`, "5", "parse.path", "30000 parts"],
  ])("%s=%j is an error that names the variable", (name, text, code, message) => {
    const { problems } = withVariables({ [name]: text });
    expect(problems).toMatchObject([
      {
        code,
        severity: "error",
        message: expect.stringContaining(message),
        where: { file: `env:${name}`, line: 1, column: 1 },
      },
    ]);
  });

  test("a path of many parts is read", () => {
    expect(withVariables({ [`LOTSE${"__A".repeat(200)}`]: "5" }).problems).toEqual([]);
  });

  test("the content of a secret is in no error", () => {
    const { problems } = withVariables({ LOTSE__HIDDEN: "hunter2" });
    expect(problems).toHaveLength(1);
    expect(JSON.stringify(problems)).not.toContain("hunter2");
  });

  test("other variables are no layer", () => {
    const { get } = withVariables({ PATH: "/bin", LOTSE: "1", LOTSE_: "1", lotse__a: "1", XLOTSE__A: "1" });
    expect(get("")).toEqual({});
  });

  test("only the schema coerces: a kind that does not fit the layers is an error", () => {
    const { problems } = withVariables({ LOTSE__UNKNOWN: "5" }, "unknown: 4\n");
    expect(problems).toMatchObject([
      {
        code: "merge.kind-change",
        where: { file: "env:LOTSE__UNKNOWN" },
        related: [{ file: "environments/dev/dev.yml", line: 1 }],
      },
    ]);
  });

  test("a prefix of its own", () => {
    const engine = engineOf(
      { "lotse.yml": "version: 1\nlayers: [{name: env, from: process-environment, prefix: APP__}]\n" },
      { variables: { APP__A: "1", LOTSE__B: "2" } },
    );
    expect(engine.resolve({ environment: "dev" }).get("")).toEqual({ a: "1" });
  });
});

describe("--set", () => {
  test.each<[string, string, string, unknown]>([
    ["a.b", "5", "a.b", 5],
    ["a", "1.10", "a", 1.1],
    ["a", "012", "a", "012"],
    ["a", "no", "a", "no"],
    ["a", "", "a", ""],
    ["a", "null", "a", null],
    ["a", "[1, x]", "a", [1, "x"]],
    ["a", "{b: 1}", "a.b", 1],
    ["a", '"5"', "a", "5"],
    ["a", "a=b", "a", "a=b"],
    ["a", "#fff", "a", "#fff"],
    ["a", "${int:-4}", "a", 4],
    ['labels["app.kubernetes.io/name"]', "x", 'labels["app.kubernetes.io/name"]', "x"],
    ["text", "5", "text", "5"],
    ["text", "1.10", "text", "1.10"],
    ["text", "true", "text", "true"],
    ["text", "@x", "text", "@x"],
    ["text", "*/5 * * * *", "text", "*/5 * * * *"],
    ["text", "hello: world", "text", "hello: world"],
    ["text", "abc #d", "text", "abc #d"],
    ["text", "null", "text", "null"],
    ["text", '"a #b"', "text", "a #b"],
    ["text", "", "text", ""],
    ["text", "<${int:-4}>", "text", "<4>"],
    ["either", "@x", "either", "@x"],
    ["text", "%x", "text", "%x"],
    ["text", "#fff", "text", "#fff"],
    ["text", "[", "text", "["],
    ["either", "5", "either", 5],
    ["int", "5", "int", 5],
  ])("%s=%s", (path, text, read, value) => {
    const { get, problems } = withSet([{ path, text }]);
    expect(problems).toEqual([]);
    expect(get(read)).toEqual(value);
  });

  test.each<[string, string, string, unknown]>([
    ["a", "!delete", "", {}],
    ["a", "!append [3]", "a", [1, 2, 3]],
    ["a", "!replace {b: 1}", "a", { b: 1 }],
    ["a", "!merge [2, 3]", "a", [1, 2, 3]],
  ])("obeys tags: %s=%s", (path, text, read, value) => {
    const { get, problems } = withSet([{ path, text }], "a: [1, 2]\n");
    expect(problems).toEqual([]);
    expect(get(read)).toEqual(value);
  });

  test("later entries win over earlier ones", () => {
    const { get } = withSet([
      { path: "a.b", text: "1" },
      { path: "a.c", text: "2" },
      { path: "a.b", text: "3" },
    ]);
    expect(get("a")).toEqual({ b: 3, c: 2 });
  });

  test("an entry below one with a tag keeps the tag", () => {
    const { get } = withSet(
      [
        { path: "a", text: "!replace {b: 1}" },
        { path: "a.c", text: "2" },
      ],
      "a: {old: 1}\n",
    );
    expect(get("a")).toEqual({ b: 1, c: 2 });
  });

  test.each<[string, string, string, string]>([
    ["__proto__.a", "1", "parse.path", "__proto__"],
    ["a.constructor", "1", "parse.path", "constructor"],
    ['a["prototype"]', "1", "parse.path", "prototype"],
    ["a", "{__proto__: 1}", "parse.forbidden-key", "__proto__"],
    ["a", '{"constructor": 1}', "parse.forbidden-key", "constructor"],
    ["", "1", "parse.path", "needs a path"],
    ["a..b", "1", "parse.path", "empty"],
    ["a", "[1", "parse.syntax", ""],
    ["a", "*x", "parse.unknown-alias", "*x"],
    ["a", "!unknown 1", "parse.unknown-tag", "!unknown"],
    ["a", "[".repeat(10_000), "parse.too-deep", ""],
    [`a${".a".repeat(300)}`, "1", "parse.path", "256"],
    ["a".repeat(5000), "1", "parse.path", "4096"],
  ])("%s=%s is an error that names the option", (path, text, code, message) => {
    const { problems } = withSet([{ path, text }]);
    expect(problems).toMatchObject([
      {
        code,
        message: expect.stringContaining(message),
        where: { file: `--set ${path}`, line: 1, column: 1 },
      },
    ]);
  });

  test("an alias bomb ends", () => {
    const levels = Array.from(
      { length: 30 },
      (_, level) => `a${level + 1}: &a${level + 1} [*a${level}, *a${level}, *a${level}]`,
    );
    expect(withSet([{ path: "a", text: `{a0: &a0 x, ${levels.join(", ")}}` }]).problems).toMatchObject([
      { code: "parse.alias-bomb" },
    ]);
  });
});

describe("values of a library call", () => {
  test.each<[string, PlainValue]>([
    ["a text", "no"],
    ["an integer", 5],
    ["a bigint", 9007199254740993n],
    ["a float", 1.5],
    ["a boolean", false],
    ["null", null],
    ["a list", [1, ["x"]]],
    ["a map", { b: { c: [null] } }],
    ["a map without a prototype", Object.assign(Object.create(null) as object, { b: 1 }) as PlainValue],
  ])("%s comes out as it went in", (_, value) => {
    const { get, problems } = withSet([{ path: "a", value }]);
    expect(problems).toEqual([]);
    expect(get("a")).toEqual(value);
  });

  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  const deep = Array.from({ length: 50_000 }).reduce<unknown>((inner) => [inner], 1);
  test.each<[string, unknown, string]>([
    ["NaN", Number.NaN, "usage.argument"],
    ["Infinity", Number.POSITIVE_INFINITY, "usage.argument"],
    ["a function", () => 1, "usage.argument"],
    ["a symbol", Symbol("x"), "usage.argument"],
    ["a date", new Date(0), "usage.argument"],
    ["a Map", new Map(), "usage.argument"],
    ["__proto__ as a key", JSON.parse('{"__proto__": 1}'), "parse.forbidden-key"],
    ["constructor as a key", { a: { constructor: 1 } }, "parse.forbidden-key"],
    ["a value that contains itself", circle, "parse.too-deep"],
    ["deep nesting", deep, "parse.too-deep"],
  ])("%s is refused", (_, value, code) => {
    expect(withSet([{ path: "a", value: value as PlainValue }]).problems).toMatchObject([
      { code, where: { file: "--set a" } },
    ]);
  });

  test("texts with references are bound", () => {
    expect(
      withSet([
        { path: "a", value: ["${b}"] },
        { path: "b", value: 5 },
      ]).get("a"),
    ).toEqual([5]);
  });
});

describe("get", () => {
  test.each([
    "__proto__",
    "a.__proto__",
    "constructor",
    "a.constructor.prototype",
    'a["__proto__"]',
    'a["\\u005f_proto__"]',
  ])("%s is refused", (path) => {
    const snapshot = engineOf(tree("a: {b: 1}\n")).resolve({ environment: "dev" });
    for (const read of [() => snapshot.get(path), () => snapshot.node(path), () => snapshot.require(path)]) {
      expect(failure(read)).toMatchObject({ code: "parse.path", where: { path } });
    }
  });

  test.each([
    "toString",
    "a.hasOwnProperty",
    "a.b.length",
    "list.length",
    "list[2]",
    "list[-1]".replace("[-1]", ".-1"),
    "list[0].x",
    "a.b[0]",
  ])("%s is not there", (path) => {
    const snapshot = engineOf(tree("a: {b: text}\nlist: [1, 2]\n")).resolve({ environment: "dev" });
    expect(snapshot.get(path)).toBeUndefined();
    expect(failure(() => snapshot.require(path)).code).toBe("config.unknown-path");
  });

  test("a path that is not there suggests one that is", () => {
    const snapshot = engineOf(tree("database: {postgresql: {port: 1}}\nlist: [1, 2]\n")).resolve({
      environment: "dev",
    });
    expect(failure(() => snapshot.require("database.postgresq.port"))).toMatchObject({
      code: "config.unknown-path",
      message: 'there is no "postgresq" in database',
      hint: "did you mean postgresql?",
    });
    expect(failure(() => snapshot.require("list[2]")).hint).toBe("the list has 2 items");
    expect(failure(() => snapshot.require("list[0].x")).hint).toBe("list[0] is a single value");
  });

  test("the same path gives the same frozen value", () => {
    const snapshot = engineOf(tree("a: {b: [1]}\n")).resolve({ environment: "dev" });
    expect(snapshot.get("a")).toBe(snapshot.get("a"));
    expect(() => {
      (snapshot.get("a") as { b: unknown }).b = 2;
    }).toThrow(TypeError);
  });
});
