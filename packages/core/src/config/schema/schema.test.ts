import { describe, expect, test } from "vitest";
import { defaultLimits } from "../parse/limits.ts";
import { failure, MemoryFiles } from "../testing/workspace.ts";
import { loadSchema, placeInSchema } from "./load.ts";
import type { Policy } from "./policy.ts";

const load = (text: string, file = "s.yml") =>
  loadSchema(file, new MemoryFiles({ [file]: text }), defaultLimits);

function policyAt(text: string, path: string): Policy | undefined {
  return path
    .split(".")
    .reduce<Policy | undefined>(
      (policy, key) => (key === "[]" ? policy?.items : policy?.child(key)),
      load(text).policy,
    );
}

describe("a policy", () => {
  test.each<[string, string, string, object]>([
    [
      "a property",
      "properties: {a: {x-merge: append, x-merge-key: id}}",
      "a",
      { strategy: "append", mergeKey: "id" },
    ],
    [
      "locks",
      "properties: {a: {x-final: true, x-overridable-by: [tenant], x-guard: {min: 1}}}",
      "a",
      { final: true, overridableBy: ["tenant"], guard: { min: 1 }, locked: true },
    ],
    [
      "a variable and a secret",
      "properties: {a: {x-env: A, x-secret: true}}",
      "a",
      { variable: "A", secret: true, locked: false },
    ],
    ["items", "properties: {a: {items: {x-merge: first}}}", "a.[]", { strategy: "first" }],
    [
      "a $ref",
      "properties: {a: {$ref: '#/$defs/d'}}\n$defs: {d: {x-merge: union}}",
      "a",
      { strategy: "union" },
    ],
    [
      "a $ref to a $ref",
      "properties: {a: {$ref: '#/$defs/d'}}\n$defs: {d: {$ref: '#/$defs/e'}, e: {x-merge: union}}",
      "a",
      { strategy: "union" },
    ],
    [
      "keywords beside $ref, which come first",
      "properties: {a: {$ref: '#/$defs/d', x-merge: append}}\n$defs: {d: {x-merge: union}}",
      "a",
      { strategy: "append" },
    ],
    [
      "a $ref in a circle",
      "properties: {a: {$ref: '#/$defs/d'}}\n$defs: {d: {$ref: '#/$defs/d', x-merge: union}}",
      "a",
      { strategy: "union" },
    ],
    [
      "a $ref with escapes",
      "properties: {a: {$ref: '#/$defs/x~1y~0z%20'}}\n$defs: {'x/y~z ': {x-merge: union}}",
      "a",
      { strategy: "union" },
    ],
    [
      "a $ref with a stray %",
      "properties: {a: {$ref: '#/$defs/50%'}}\n$defs: {50%: {x-merge: union}}",
      "a",
      { strategy: "union" },
    ],
    [
      "a $ref to the root",
      "properties: {a: {$ref: '#'}, b: {x-merge: first}}",
      "a.a.b",
      { strategy: "first" },
    ],
    [
      "allOf",
      "properties: {a: {allOf: [{x-final: true}, {x-merge: union}]}}",
      "a",
      { final: true, strategy: "union" },
    ],
    [
      "anyOf and oneOf",
      "oneOf: [{properties: {a: {type: string}}}]\nanyOf: [{properties: {a: {type: integer}}}]",
      "a",
      { types: new Set(["integer", "string"]) },
    ],
    ["then and else", "if: {}\nthen: {properties: {a: {x-final: true}}}", "a", { final: true }],
    ["patternProperties", "patternProperties: {'^a': {x-merge: union}}", "abc", { strategy: "union" }],
    [
      "additionalProperties",
      "properties: {a: {}}\nadditionalProperties: {x-merge: union}",
      "b",
      { strategy: "union" },
    ],
    ["types", "properties: {a: {type: [integer, 'null']}}", "a", { types: new Set(["integer", "null"]) }],
    [
      "types of enum",
      "properties: {a: {enum: [1, x, null, 1.5, true]}}",
      "a",
      { types: new Set(["integer", "string", "null", "number", "boolean"]) },
    ],
    ["types of const", "properties: {a: {const: [1]}}", "a", { types: new Set(["array"]) }],
    [
      "keys of JavaScript's objects",
      "properties: {toString: {x-merge: union}}",
      "toString",
      { strategy: "union" },
    ],
  ])("knows %s", (_, schema, path, expected) => {
    expect(policyAt(schema, path)).toMatchObject(expected);
  });

  test.each([
    ["what additionalProperties forbid", "additionalProperties: false", "a"],
    ["a pattern that does not match", "patternProperties: {'^a': {x-merge: union}}", "b"],
    ["a key of JavaScript's objects", "properties: {}", "toString"],
    ["a property beside additionalProperties: true", "additionalProperties: true", "a"],
  ])("says nothing about %s", (_, schema, path) => {
    expect(policyAt(schema, path)).toBeUndefined();
  });

  test("a property has no policy of additionalProperties", () => {
    expect(
      policyAt("properties: {a: {}}\nadditionalProperties: {x-merge: union}", "a")?.strategy,
    ).toBeUndefined();
  });
});

describe("a schema that is broken", () => {
  test.each<[string, string, string, number, number]>([
    ["a list", "[]", "schema.invalid", 1, 1],
    ["nothing", "# c\n", "schema.invalid", 1, 1],
    ["an unknown strategy", "properties:\n  a: {x-merge: apend}\n", "schema.invalid", 2, 16],
    [
      "a strategy that a scalar has no use for",
      "properties:\n  a: {type: [string, 'null'], x-merge: append}\n",
      "schema.invalid",
      2,
      40,
    ],
    [
      "a map's strategy on a number",
      "$defs:\n  a: {type: integer, x-merge: deep}\n",
      "schema.invalid",
      2,
      31,
    ],
    ["a misspelt keyword of ours", "properties:\n  a: {x-finall: true}\n", "schema.invalid", 2, 17],
    ["a final that is a text", "properties:\n  a: {x-final: 'yes'}\n", "schema.invalid", 2, 16],
    ["an unknown guard", "properties:\n  a: {x-guard: {minimum: 1}}\n", "schema.invalid", 2, 16],
    ["a wrong variable", "properties:\n  a: {x-env: 'A B'}\n", "schema.invalid", 2, 14],
    ["a keyword deep in $defs", "$defs:\n  d: {items: {oneOf: [{x-merge: x}]}}\n", "schema.invalid", 2, 33],
    ["a $ref to nothing", "properties:\n  a: {$ref: '#/$defs/none'}\n", "schema.invalid", 2, 13],
    ["a $ref to __proto__", "properties:\n  a: {$ref: '#/__proto__'}\n", "schema.invalid", 2, 13],
    ["a $ref with a wrong escape", "properties:\n  a: {$ref: '#/$defs/%E0%A4%A'}\n", "schema.invalid", 2, 13],
    ["a $ref to another file", "properties:\n  a: {$ref: 'other.json#/x'}\n", "schema.unsupported", 2, 13],
    [
      "a $ref to the network",
      "properties:\n  a: {$ref: 'https://example.com/x'}\n",
      "schema.unsupported",
      2,
      13,
    ],
    [
      "a pattern that is no regular expression",
      "patternProperties:\n  '(': {type: string}\n",
      "schema.invalid",
      2,
      8,
    ],
    ["a forbidden key", "properties:\n  __proto__: {}\n", "parse.forbidden-key", 2, 3],
    ["a duplicate key", "type: object\ntype: object\n", "parse.duplicate-key", 2, 1],
  ])("%s is an error with a place", (_, text, code, line, column) => {
    expect(failure(() => load(text))).toMatchObject({ code, where: { file: "s.yml", line, column } });
  });

  test("that is missing is an error", () => {
    expect(failure(() => loadSchema("s.yml", new MemoryFiles(), defaultLimits))).toMatchObject({
      code: "file.not-found",
      where: { file: "s.yml" },
    });
  });

  test.each([
    ["keywords of others", "properties: {a: {x-foo: 1, x-order: 2}}"],
    [
      "keywords in data",
      "properties: {a: {default: {x-merge: x}, enum: [{x-final: 1}], examples: [{x-guard: 1}]}}",
    ],
    [
      "properties named like keywords",
      "properties: {x-merge: {type: string}, properties: {type: object}, $ref: {type: string}}",
    ],
  ])("is not one with %s", (_, text) => {
    expect(load(text).value).toBeDefined();
  });
});

test("a JSON schema is read, and places in it are found by JSON pointer", () => {
  const schema = load('{\n  "properties": {\n    "a/b": {"type": 5}\n  }\n}\n', "s.json");
  expect(placeInSchema(schema, "#/properties/a~1b/type")).toMatchObject({
    file: "s.json",
    line: 3,
    column: 21,
  });
  expect(placeInSchema(schema, "#/properties/none")).toMatchObject({ line: 2, column: 17 });
});
