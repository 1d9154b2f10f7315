import { describe, expect, test } from "vitest";
import { parsePath } from "../model/path.ts";
import { defaultLimits } from "../parse/limits.ts";
import { Policy } from "../schema/policy.ts";
import { failure } from "../testing/workspace.ts";
import { planEdit, type EditPlan } from "./edit.ts";

interface More {
  readonly file?: string;
  readonly asString?: boolean;
  readonly policy?: Policy;
}

/** @param value - `undefined` deletes */
function edit(text: string, path: string, value: string | undefined, more: More = {}): EditPlan {
  const { file = "a.yml", asString = false, policy } = more;
  return planEdit({
    file,
    text,
    path: parsePath(path),
    edit: value === undefined ? { kind: "delete" } : { kind: "set", value, asString },
    ...(policy === undefined ? {} : { policy }),
    limits: defaultLimits,
  });
}

describe("a value is replaced where it stands", () => {
  test.each<[string, string, string, string]>([
    ["a: 1 # c\n", "a", "2", "a: 2 # c\n"],
    ["a: 1", "a", "2", "a: 2"],
    ["a: 1\r\nb: 2\r\n", "a", "x", "a: x\r\nb: 2\r\n"],
    ["a: 'x'\n", "a", "it's", "a: 'it''s'\n"],
    ['a: "x"\n', "a", "y", 'a: "y"\n'],
    ["a: 'x'\n", "a", "5", "a: 5\n"],
    ["a: x\n", "a", "'5'", 'a: "5"\n'],
    ["a: 1.10\n", "a", "1.20", "a: 1.20\n"],
    ["a: 1.10\n", "a", "1.1", "a: 1.1\n"],
    ["a: &x foo\n", "a", "bar", "a: &x bar\n"],
    ["a: !replace 5\n", "a", "6", "a: !replace 6\n"],
    ["a: !delete\nb: 1\n", "a", "6", "a: 6\nb: 1\n"],
    ["a: 5 # c\n", "a", "!delete", "a: !delete # c\n"],
    ["a: !!str 5\n", "a", "6", "a: 6\n"],
    ["a: !!str 5\n", "a", "'6'", 'a: !!str "6"\n'],
    ["a:   # c\nb: 1\n", "a", "2", "a: 2   # c\nb: 1\n"],
    ["a: foo\n  bar # c\nb: 1\n", "a", "2", "a: 2 # c\nb: 1\n"],
    ["a: | # c\n  x\n  y\n\nb: 1\n", "a", "2", "a: 2 # c\n\nb: 1\n"],
    ["a: |\n    x\n\nb: 1\n", "a", '"p\\nq\\n"', "a: |\n    p\n    q\n\nb: 1\n"],
    ["a: >-\n  x\nb: 1\n", "a", "z", "a: z\nb: 1\n"],
    ["a: |\nb: 1\n", "a", "z", "a: z\nb: 1\n"],
    ["a: # c\n  - 1\n  - 2\nb: 1\n", "a", "[x, 'z']", "a: [x, z] # c\nb: 1\n"],
    ["a:\n- 1\n- 2\nb: 1\n", "a", "x", "a: x\nb: 1\n"],
    ["a: !append # c\n  - 1\nb: 1\n", "a", "[2]", "a: !append [2] # c\nb: 1\n"],
    ["a: &x !append\n  - 1\nb: 1\n", "a", "5", "a: &x 5\nb: 1\n"],
    ["a: {b: 1,\n  c: 2} # x\n", "a", "{ d: 3 }", "a: {d: 3} # x\n"],
    ["- a: 1\n", "x", "1", ""],
    ["l:\n  - a: 1\n    b: 2\n  - c\n", "l[0]", "x", "l:\n  - x\n  - c\n"],
    ["l:\n  -\n  - c # c\n", "l[0]", "x", "l:\n  - x\n  - c # c\n"],
    ["l:\n  - - 1\n    - 2\n", "l[0][1]", "3", "l:\n  - - 1\n    - 3\n"],
    ["l: [1, 2, 3]\n", "l[1]", "x", "l: [1, x, 3]\n"],
    ["l: [a, b]\n", "l[1]", "'x, y'", 'l: [a, "x, y"]\n'],
    ["m: {a, b: }\n", "m.a", "1", "m: {a: 1, b: }\n"],
    ["m: {a: , b: 1}\n", "m.a", "!delete", "m: {a: !delete null , b: 1}\n"],
    ["b: &x 1\na: *x\n", "a", "2", "b: &x 1\na: 2\n"],
    ["? a\n: 1\n", "a", "2", "? a\n: 2\n"],
    ["a: 1\n", "a", "", 'a: ""\n'],
    ["a: 1\n", "a", "#fff", 'a: "#fff"\n'],
    ["a: 1\n", "a", "no", 'a: "no"\n'],
    ["a: 1\n", "a", "x # y", 'a: "x # y"\n'],
    ["a: 1\n", "a", "-----BEGIN-----\nabc\n", 'a: "-----BEGIN-----\\nabc\\n"\n'],
    ["extends: x\na: 1\n", "extends", "z", "extends: z\na: 1\n"],
    ["a: !replace\n  b: 1\n", "a.b", "2", "a: !replace\n  b: 2\n"],
  ])("%j %s = %s", (text, path, value, after) => {
    if (after === "") expect(failure(() => edit(text, path, value)).code).toBe("parse.not-a-map");
    else expect(edit(text, path, value).text).toBe(after);
  });
});

describe("a new value is added at the end of its map or list", () => {
  test.each<[string, string, string, string]>([
    ["a: 1\n", 'm["x: z"]', "x", 'a: 1\nm:\n  "x: z": x\n'],
    ["", "a", "1", "a: 1\n"],
    ["# c\n", "a.b", "1", "# c\na:\n  b: 1\n"],
    ["# c", "a", "1", "# c\na: 1"],
    ["---\n", "a", "1", "---\na: 1\n"],
    ["{}\n", "a", "1", "{a: 1}\n"],
    ["a: 1", "b", "2", "a: 1\nb: 2"],
    ["a: 1 # c\r\n", "b.c", "2", "a: 1 # c\r\nb:\r\n  c: 2\r\n"],
    ["a:\n    b: 1\nc: 2\n", "a.d.e", "1", "a:\n    b: 1\n    d:\n        e: 1\nc: 2\n"],
    ["a:\n  b: |\n    x\n\n# c\nc: 2\n", "a.d", "1", "a:\n  b: |\n    x\n  d: 1\n\n# c\nc: 2\n"],
    ["a:\n  b: |+\n    x\n\nc: 2\n", "a.d", "1", "a:\n  b: |+\n    x\n\n  d: 1\nc: 2\n"],
    ["a:\n  b: x\n    y # c\nc: 2\n", "a.d", "1", "a:\n  b: x\n    y # c\n  d: 1\nc: 2\n"],
    ["a:\nb: 1\n", "a.c", "2", "a:\n  c: 2\nb: 1\n"],
    ["a: # c\nb: 1\n", "a.c.d", "2", "a: # c\n  c:\n    d: 2\nb: 1\n"],
    ["a: {}\n", "a.b.c", "x", "a: {b: {c: x}}\n"],
    ["a: {b: 1}\n", "a.c", "x", "a: {b: 1, c: x}\n"],
    ["a: { b: 1 }\n", "a.c", "x", "a: { b: 1, c: x }\n"],
    ["a: {\n  b: 1 # c\n  }\n", "a.c", "x", "a: {\n  b: 1, # c\n  c: x\n  }\n"],
    ["a: {\n  b: 1, # c\n  }\n", "a.c", "x", "a: {\n  b: 1, # c\n  c: x,\n  }\n"],
    ["l:\n- a\nb: 1\n", "l[1]", "x", "l:\n- a\n- x\nb: 1\n"],
    ["l:\n  - a: 1\n    b: 2\n", "l[1].c", "x", "l:\n  - a: 1\n    b: 2\n  - c: x\n"],
    ["l:\n  - a: 1\n", "l[0].b", "x", "l:\n  - a: 1\n    b: x\n"],
    ["l: [1, 2, ]\n", "l[2]", "3", "l: [1, 2, 3, ]\n"],
    ["l: []\n", "l[0].a", "3", "l: [{a: 3}]\n"],
    ["a: 1\n", "l[0].b", "x", "a: 1\nl:\n  - b: x\n"],
    ["x: &x {p: 1}\na:\n  <<: *x\n  q: 2\n", "a.p", "5", "x: &x {p: 1}\na:\n  <<: *x\n  q: 2\n  p: 5\n"],
  ])("%j %s = %s", (text, path, value, after) => {
    expect(edit(text, path, value).text).toBe(after);
  });
});

describe("a value is deleted with its lines", () => {
  test.each<[string, string, string]>([
    ["a: 1\nb: 2 # c\nc: 3\n", "b", "a: 1\nc: 3\n"],
    ["a: 1\r\nb: 2", "b", "a: 1"],
    ["# c\na: 1\n", "a", "# c\n"],
    ["a: 1", "a", ""],
    ["a:\n  b: 1\nc: 2\n", "a.b", "a: {}\nc: 2\n"],
    ["a: !replace\n  b: 1\nc: 2\n", "a.b", "a: !replace {}\nc: 2\n"],
    ["a:\n  - 1\n", "a[0]", "a: []\n"],
    ["a:\n  b: |\n    x\n    y\n  c: 1\n", "a.b", "a:\n  c: 1\n"],
    ["l:\n  - a: 1\n    b: 2\n", "l[0].a", "l:\n  - b: 2\n"],
    ["l:\n  - a: 1\n    b: 2\n", "l[0].b", "l:\n  - a: 1\n"],
    ["l:\n  - a: 1\n", "l[0].a", "l:\n  - {}\n"],
    ["l:\n  - a: 1\n  - b\n", "l[0]", "l:\n  - b\n"],
    ["l:\n  - - 1\n    - 2\n", "l[0][0]", "l:\n  - - 2\n"],
    ["l:\n  - a: 1\n    # of b\n    b: 2\n", "l[0].a", "l:\n  -\n    # of b\n    b: 2\n"],
    ["m: {\n    a: 1, # of a\n    # of b\n    b: 2\n  }\n", "m.a", "m: {\n    # of b\n    b: 2\n  }\n"],
    ["m: [\n    a, # of a\n    b\n  ]\n", "m[1]", "m: [\n    a # of a\n  ]\n"],
    ["m: [\n    a,\n    b,\n  ]\n", "m[1]", "m: [\n    a,\n  ]\n"],
    ["m: [\n    # keep\n    a\n  ]\n", "m[0]", "m: [\n    # keep\n  ]\n"],
    ["a: {b: 1, c: 2}\n", "a.b", "a: {c: 2}\n"],
    ["a: {b: 1, c: 2}\n", "a.c", "a: {b: 1}\n"],
    ["a: [1, 2,]\n", "a[1]", "a: [1,]\n"],
    ["a: { b: 1 }\n", "a.b", "a: {}\n"],
  ])("%j %s", (text, path, after) => {
    expect(edit(text, path, undefined).text).toBe(after);
  });
});

describe("JSON stays JSON, with its own layout", () => {
  const file = "a.json";
  test.each<[string, string, string | undefined, string]>([
    ['{"a":1,"b":2}', "a", "x", '{"a":"x","b":2}'],
    ['{"a":1,"b":2}', "c", "x", '{"a":1,"b":2,"c":"x"}'],
    ['{"a":1,"b":2}', "a", undefined, '{"b":2}'],
    ['{\n\t"a": 1\n}\n', "b.c", "[1]", '{\n\t"a": 1,\n\t"b": {\n\t\t"c": [\n\t\t\t1\n\t\t]\n\t}\n}\n'],
    ['{\n  "a": "x",\n  "b": {}\n}\n', "b.c", "no", '{\n  "a": "x",\n  "b": {\n    "c": "no"\n  }\n}\n'],
    ['{\n  "a": 1,\n  "b": 2\n}\n', "b", undefined, '{\n  "a": 1\n}\n'],
    ['{\n  "a": 1,\n  "b": 2\n}\n', "a", undefined, '{\n  "b": 2\n}\n'],
    ["{}\n", "a", "1", '{\n  "a": 1\n}\n'],
    ["", "a.b", "1", '{\n  "a": {\n    "b": 1\n  }\n}\n'],
    ['{ "a": [1, 2] }', "a[2]", "3", '{ "a": [1, 2, 3] }'],
    ['{\n  "a": [1, 2]\n}\n', "a[2]", "3", '{\n  "a": [1, 2, 3]\n}\n'],
    ['{"a": "\\u00e9"}', "a", "~", '{"a": null}'],
  ])("%j %s = %s", (text, path, value, after) => {
    expect(edit(text, path, value, { file }).text).toBe(after);
  });

  test("a tag has no place in it", () => {
    expect(failure(() => edit("{}", "a", "!delete", { file })).code).toBe("edit.no-place");
  });
});

describe("what cannot be done without harm is refused", () => {
  test.each<[string, string, string | undefined, string]>([
    ["a: &x 1\nb: *x\n", "a", "2", "edit.unsafe"],
    ["a: &x 1\nb: *x\n", "a", undefined, "edit.unsafe"],
    ["a: &x {p: 1}\nb: *x\n", "b.p", "2", "edit.unsafe"],
    ["a: &x {p: 1}\nb: *x\n", "a.p", "2", "edit.unsafe"],
    ["a: &x {p: 1}\nb:\n  <<: *x\n", "b.p", undefined, "edit.unsafe"],
    ["a: &x {p: {q: 1, r: 2}}\nb:\n  <<: *x\n", "b.p.q", "2", "edit.unsafe"],
    ["a: 1\n", "a.b", "2", "edit.no-place"],
    ["a: 1\n", "a.b.c", undefined, "edit.no-place"],
    ["a: [1]\n", "a[2]", "2", "edit.no-place"],
    ["a:\n  - 1\n", "a[2]", "2", "edit.no-place"],
    ["a:\n  - 1\n", "a.x", "2", "edit.no-place"],
    ["a: 1\n", "b", undefined, "edit.no-place"],
    ["a: 1\n", "", "1", "edit.no-place"],
    ["a: 1\n", "a", "b: c: d", "parse.syntax"],
    ["a: [1\n", "a", "1", "parse.syntax"],
  ])("%j %s = %s: %s", (text, path, value, code) => {
    const error = failure(() => edit(text, path, value));
    expect(error.code).toBe(code);
    expect(error.hint).toBeTruthy();
    if (code === "edit.unsafe") expect(error.hint).toMatch(/anchor|alias|<</u);
  });
});

describe("texts", () => {
  const policyOf = (schema: Record<string, unknown>): Policy => new Policy(schema, [schema]);

  test.each<[string, More, string]>([
    ["8080", { asString: true }, 'a: "8080"\n'],
    ["8080", { policy: policyOf({ type: "string" }) }, 'a: "8080"\n'],
    ["8080", { policy: policyOf({ type: ["string", "integer"] }) }, "a: 8080\n"],
    ["8080", { policy: policyOf({ type: "integer" }) }, "a: 8080\n"],
    ["a: b: c", { policy: policyOf({ type: "string" }) }, 'a: "a: b: c"\n'],
    ["!delete", { policy: policyOf({ type: "string" }) }, "a: !delete\n"],
  ])("%s with %j", (value, more, after) => {
    expect(edit("a: x\n", "a", value, more).text).toBe(after);
  });

  test("the plan tells the line and both values", () => {
    const plan = edit("# c\na: 1\n", "b", "2");
    expect([plan.line, plan.before, plan.after?.kind]).toEqual([3, undefined, "integer"]);
    expect(edit("# c\na: 1\n", "a", undefined).line).toBe(2);
  });
});
