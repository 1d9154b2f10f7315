import { describe, expect, it, test } from "vitest";
import type { Diagnostic } from "../../kernel/index.ts";
import { engineOf, stack } from "../testing/workspace.ts";

interface Outcome {
  readonly value: unknown;
  readonly problems: readonly Diagnostic[];
}

function merge(texts: readonly string[], schema?: string): Outcome {
  const snapshot = engineOf(stack(texts, schema)).resolve({ environment: "dev" });
  expect(snapshot.root.hasMarks).toBe(false);
  return { value: snapshot.get(""), problems: snapshot.diagnostics };
}

const x = (keywords: string): string => `properties: {x: {${keywords}}}\n`;

describe("without a strategy or tag", () => {
  test.each<[string, string, string, unknown]>([
    ["maps merge deeply", "x: {a: {b: 1, c: 2}}", "x: {a: {c: 3, d: 4}}", { a: { b: 1, c: 3, d: 4 } }],
    ["an empty map changes nothing", "x: {a: 1}", "x: {}", { a: 1 }],
    ["lists are replaced", "x: [1, 2]", "x: [3]", [3]],
    ["an empty list replaces", "x: [1, 2]", "x: []", []],
    ["maps in lists do not merge", "x: [{a: 1}]", "x: [{b: 2}]", [{ b: 2 }]],
    ["the higher text wins", "x: a", "x: b", "b"],
    ["an integer and a float are both numbers", "x: 1", "x: 1.5", 1.5],
    ["null stands for anything: a text", "x: a", "x: null", null],
    ["null stands for anything: a map", "x: {a: 1}", "x:", null],
    ["null stands for anything: a list", "x: [1]", "x: ~", null],
    ["anything stands for null: a text", "x:", "x: a", "a"],
    ["anything stands for null: a map", "x: null", "x: {a: 1}", { a: 1 }],
    ["anything stands for null: a list", "x: ~", "x: [1]", [1]],
  ])("%s", (_, low, high, value) => {
    expect(merge([low, high])).toEqual({ value: { x: value }, problems: [] });
  });

  test("keys keep the order in which layers first name them", () => {
    expect(Object.keys(merge(["b: 1\na: 1\n", "c: 2\na: 2\n"]).value as object)).toEqual(["b", "a", "c"]);
  });
});

describe("tags", () => {
  const L = "[a, b]";
  test.each<[string, string, string, unknown]>([
    ["!replace on a map", "{a: 1, b: 2}", "!replace {c: 3}", { c: 3 }],
    ["!replace on a list", L, "!replace [c]", ["c"]],
    ["!replace on a text", "a", "!replace b", "b"],
    ["!replace changes the kind: map to text", "{a: 1}", "!replace b", "b"],
    ["!replace changes the kind: text to map", "a", "!replace {a: 1}", { a: 1 }],
    ["!replace changes the kind: integer to text", "1", '!replace "1"', "1"],
    ["!replace changes the kind: list to map", L, "!replace {a: 1}", { a: 1 }],
    [
      "!replace keeps tags below it from the result",
      "{a: 1}",
      "!replace {b: !append [1], c: !delete }",
      { b: [1] },
    ],
    ["!append", L, "!append [c, a]", ["a", "b", "c", "a"]],
    ["!append with an empty list", L, "!append []", ["a", "b"]],
    ["!append deletes by value", L, "!append [!delete a, c]", ["b", "c"]],
    ["!prepend", L, "!prepend [c, a]", ["c", "a", "a", "b"]],
    ["!prepend deletes by value", "[1, 2, 1]", "!prepend [!delete 1]", [2]],
    ["!merge on a list of single values", L, "!merge [b, c]", ["a", "b", "c"]],
    ["!merge deletes by value", L, "!merge [!delete b]", ["a"]],
    ["!merge deletes maps by value", "[[1], [2]]", "!merge [!delete [1]]", [[2]]],
    [
      "!merge on a list of maps",
      "[{name: a, v: 1}, {name: b, v: 2}]",
      "!merge [{name: b, w: 3}]",
      [
        { name: "a", v: 1 },
        { name: "b", v: 2, w: 3 },
      ],
    ],
    [
      "!merge deletes an item by key",
      "[{name: a, v: 1}, {name: b, v: 2}]",
      "!merge [!delete {name: a}]",
      [{ name: "b", v: 2 }],
    ],
    [
      "!merge deletes an item by its name alone",
      "[{name: a, v: 1}, {name: b, v: 2}]",
      "!merge [!delete a]",
      [{ name: "b", v: 2 }],
    ],
    ["!merge adds an item", "[{name: a}]", "!merge [{name: b, v: 1}]", [{ name: "a" }, { name: "b", v: 1 }]],
    [
      "!merge replaces an item",
      "[{name: a, v: 1}]",
      "!merge [!replace {name: a, w: 2}]",
      [{ name: "a", w: 2 }],
    ],
    [
      "!merge deletes a key of an item",
      "[{name: a, v: 1}]",
      "!merge [{name: a, v: !delete }]",
      [{ name: "a" }],
    ],
    [
      "!merge appends inside an item",
      "[{name: a, v: [1]}]",
      "!merge [{name: a, v: !append [2]}]",
      [{ name: "a", v: [1, 2] }],
    ],
    ["!merge on a map", "{a: 1}", "!merge {b: 2}", { a: 1, b: 2 }],
    ["deep inside maps", "{a: {b: [1]}}", "{a: {b: !append [2]}}", { a: { b: [1, 2] } }],
  ])("%s", (_, low, high, value) => {
    expect(merge([`x: ${low}`, `x: ${high}`])).toEqual({ value: { x: value }, problems: [] });
  });

  test.each<[string, string, unknown]>([
    ["!replace", "x: !replace {a: 1}", { x: { a: 1 } }],
    ["!append", "x: !append [1]", { x: [1] }],
    ["!prepend", "x: !prepend [1]", { x: [1] }],
    ["!merge", "x: !merge [{name: a}]", { x: [{ name: "a" }] }],
    ["!delete", "x: !delete\ny: 1\n", { y: 1 }],
    ["!delete on a map", "x: !delete {a: 1}\ny: 1\n", { y: 1 }],
    ["tags inside lists", "x: [!replace {a: !append [1]}, !merge [2]]", { x: [{ a: [1] }, [2]] }],
    ["!delete of a key inside a list", "x: [{a: 1, b: !delete }]", { x: [{ a: 1 }] }],
  ])("%s with nothing below falls away", (_, text, value) => {
    expect(merge([text])).toEqual({ value, problems: [] });
    expect(merge(["z: 0", text])).toEqual({ value: { z: 0, ...(value as object) }, problems: [] });
  });

  test.each<[string, string, string, unknown]>([
    ["a key", "x: {a: 1, b: 2}", "x: {a: !delete }", { x: { b: 2 } }],
    ["a map", "x: {a: 1}\ny: 1", "x: !delete", { y: 1 }],
    ["a list", "x: [1]\ny: 1", "x: !delete", { y: 1 }],
    ["whatever it is tagged on", "x: [1]\ny: 1", "x: !delete {any: thing}", { y: 1 }],
    ["the last key of a map", "x: {a: 1}", "x: {a: !delete }", { x: {} }],
    ["what is not there", "x: 1", "y: !delete", { x: 1 }],
  ])("!delete takes away %s", (_, low, high, value) => {
    expect(merge([low, high])).toEqual({ value, problems: [] });
  });

  test("what was deleted can be set again, of another kind", () => {
    expect(merge(["x: {a: 1}", "x: !delete", "x: text"])).toEqual({ value: { x: "text" }, problems: [] });
  });

  test.each(["x: [!delete 1]", "x: !replace [!delete 1]"])("%s has nothing to delete from", (high) => {
    const { value, problems } = merge(["x: [1, 2]", high]);
    expect(value).toEqual({ x: [] });
    expect(problems).toMatchObject([
      { code: "parse.tag-misuse", where: { file: "environments/l1.yml", line: 1, path: "x" } },
    ]);
  });
});

describe("strategies of the schema", () => {
  const objects = "[{name: a, v: 1}, {name: b, v: 2}]";
  test.each<[string, string, string, string, unknown]>([
    ["replace on a map", "x-merge: replace", "{a: 1}", "{b: 2}", { b: 2 }],
    ["replace on a list", "x-merge: replace", "[1]", "[2]", [2]],
    ["replace on a text", "x-merge: replace", "a", "b", "b"],
    ["deep on a map", "x-merge: deep", "{a: 1}", "{b: 2}", { a: 1, b: 2 }],
    ["append", "x-merge: append", "[1]", "[2]", [1, 2]],
    ["prepend", "x-merge: prepend", "[1]", "[2]", [2, 1]],
    ["union", "x-merge: union", "[1, 2, 1]", "[2, 3, 3]", [1, 2, 1, 3]],
    [
      "union compares by value",
      "x-merge: union",
      "[{a: 1, b: 2}, 1.0]",
      "[{b: 2, a: 1}, 1, '1']",
      [{ a: 1, b: 2 }, 1, "1"],
    ],
    ["union deletes by value", "x-merge: union", "[1, 2]", "[!delete 1]", [2]],
    [
      "byKey",
      "x-merge: byKey",
      objects,
      "[{name: b, w: 3}, {name: c}]",
      [{ name: "a", v: 1 }, { name: "b", v: 2, w: 3 }, { name: "c" }],
    ],
    [
      "byKey with a key of its own",
      "x-merge: byKey, x-merge-key: id",
      "[{id: 1, v: 1}]",
      "[{id: 1, v: 2}]",
      [{ id: 1, v: 2 }],
    ],
    ["byKey deletes", "x-merge: byKey", objects, "[!delete {name: a}, !delete b]", []],
    [
      "byKey merges items by their own schema",
      "x-merge: byKey, items: {properties: {v: {x-merge: append}}}",
      "[{name: a, v: [1]}]",
      "[{name: a, v: [2]}]",
      [{ name: "a", v: [1, 2] }],
    ],
    ["first on a text", "x-merge: first", "a", "b", "a"],
    ["first on a map", "x-merge: first", "{a: 1}", "{b: 2}", { a: 1 }],
    ["first keeps null", "x-merge: first", "null", "b", null],
    ["first also against another kind", "x-merge: first", "1", "{b: 2}", 1],
    ["error with the same value", "x-merge: error", "{a: 1}", "{a: 1}", { a: 1 }],
    ["append in allOf", "allOf: [{x-merge: append}]", "[1]", "[2]", [1, 2]],
    ["a strategy of a list does not bind a tag !replace", "x-merge: append", "[1]", "!replace [2]", [2]],
    ["a strategy of a list does not bind a tag !prepend", "x-merge: append", "[1]", "!prepend [2]", [2, 1]],
    [
      "a tag !merge keeps the strategy byKey",
      "x-merge: byKey, x-merge-key: id",
      "[{id: 1, v: 1}]",
      "!merge [{id: 1, w: 2}]",
      [{ id: 1, v: 1, w: 2 }],
    ],
    ["a tag !merge keeps the strategy union", "x-merge: union", "[1]", "!merge [1, 2]", [1, 2]],
    [
      "a tag !merge undoes the strategy replace",
      "x-merge: replace",
      "{a: 1}",
      "!merge {b: 2}",
      { a: 1, b: 2 },
    ],
    ["a tag !replace lifts first", "x-merge: first", "a", "!replace b", "b"],
    ["a tag !replace lifts error", "x-merge: error", "a", "!replace b", "b"],
  ])("%s", (_, keywords, low, high, value) => {
    expect(merge([`x: ${low}`, `x: ${high}`], x(keywords))).toEqual({ value: { x: value }, problems: [] });
  });

  test("a strategy behind $ref", () => {
    const schema = `${x("$ref: '#/$defs/list'")}$defs: {list: {x-merge: append}}\n`;
    expect(merge(["x: [1]", "x: [2]"], schema)).toEqual({ value: { x: [1, 2] }, problems: [] });
  });

  test.each(["append", "prepend", "union", "byKey", "deep", "first", "error", "replace"])(
    "%s with nothing below takes what there is",
    (strategy) => {
      expect(merge(["x: [{name: a}]"], x(`x-merge: ${strategy}`)).value).toEqual({ x: [{ name: "a" }] });
    },
  );

  test.each([
    ["a value that may be set once", "x-merge: error", "1", "2", "merge.redefined"],
    ["append on a map", "x-merge: append", "{a: 1}", "{b: 1}", "merge.strategy"],
    ["union on a map", "x-merge: union", "{a: 1}", "{b: 1}", "merge.strategy"],
    ["byKey on a map", "x-merge: byKey", "{a: 1}", "{b: 1}", "merge.strategy"],
    ["append on a text", "x-merge: append", "a", "b", "merge.strategy"],
    ["deep on numbers", "x-merge: deep", "1", "2.5", "merge.strategy"],
    ["deep on a list", "x-merge: deep", "[1]", "[2]", "merge.strategy"],
    ["map to text", "", "{a: 1}", "b", "merge.kind-change"],
    ["map to list", "", "{a: 1}", "[b]", "merge.kind-change"],
    ["list to map", "", "[a]", "{b: 1}", "merge.kind-change"],
    ["list to text", "", "[a]", "b", "merge.kind-change"],
    ["text to map", "", "a", "{b: 1}", "merge.kind-change"],
    ["text to list", "", "a", "[b]", "merge.kind-change"],
    ["integer to text", "", "1", "'1'", "merge.kind-change"],
    ["text to integer", "", "'1'", "1", "merge.kind-change"],
    ["boolean to text", "", "true", "'yes'", "merge.kind-change"],
    ["integer to boolean", "", "1", "true", "merge.kind-change"],
    ["!append on what is no list below", "", "{a: 1}", "!append [1]", "merge.kind-change"],
    ["!merge on a list over a map", "", "{a: 1}", "!merge [1]", "merge.kind-change"],
    ["!merge on a map over a list", "", "[1]", "!merge {a: 1}", "merge.kind-change"],
  ])("%s is an error that names both places", (_, keywords, low, high, code) => {
    const { problems } = merge(["# c\nx: " + low, "\n\nx: " + high], x(keywords));
    expect(problems).toHaveLength(1);
    expect(problems).toMatchObject([
      {
        code,
        severity: "error",
        where: { file: "environments/l1.yml", line: 3, path: "x" },
        related: [{ file: "environments/l0.yml", line: 2, path: "x" }],
      },
    ]);
    expect(problems[0]?.where.column).toBeGreaterThanOrEqual(4);
  });

  test("a kind change deep down names its path", () => {
    const { problems } = merge(['a: {"b.c": [1], d: 1}', 'a: {"b.c": 2}']);
    expect(problems).toMatchObject([
      {
        where: { path: 'a["b.c"]', column: 12 },
        message: expect.stringContaining("from a list to an integer"),
      },
    ]);
  });

  test.each([
    ["an item without the key", "[{name: a}]", "[{id: 1}]", "l1", undefined],
    ["a text among maps", "[{name: a}]", "[b]", "l1", undefined],
    ["a key that is a list", "[{name: a}]", "[{name: [a]}]", "l1", undefined],
    ["two items of the same name above", "[{name: a}]", "[{name: b}, {name: b}]", "l1", "l1"],
    ["two items of the same name below", "[{name: a}, {name: a}]", "[{name: b}]", "l0", "l0"],
  ])("byKey refuses %s", (_, low, high, file, first) => {
    const { problems } = merge([`x: ${low}`, `x: ${high}`], x("x-merge: byKey"));
    expect(problems).toMatchObject([
      {
        code: "merge.list-key",
        where: { file: `environments/${file}.yml`, path: "x" },
        ...(first === undefined ? {} : { related: [{ file: `environments/${first}.yml` }] }),
      },
    ]);
  });

  test("union and deletion of many items end", () => {
    const items = (from: number): string =>
      Array.from({ length: 16_000 }, (_, item) => `{v: ${from + item}}`).join(", ");
    const deleted = Array.from({ length: 8_000 }, (_, item) => `!delete {v: ${item}}`).join(", ");
    const { value } = merge(
      [`x: [${items(0)}]`, `x: [${items(8_000)}]`, `x: !append [${deleted}]`],
      x("x-merge: union"),
    );
    expect((value as { x: unknown[] }).x).toHaveLength(16_000);
  });
});

describe("a whole-value reference has no kind yet", () => {
  test.each([
    ["over a map", "x: {a: 1}\ny: {b: 2}", "x: ${y}", { b: 2 }],
    ["over an integer", "x: 1\ny: 2", "x: ${y}", 2],
    ["below an integer", "x: ${y}\ny: 2", "x: 3", 3],
  ])("%s", (_, low, high, value) => {
    expect(merge([low, high])).toMatchObject({ value: { x: value }, problems: [] });
  });

  test("a text with a reference in it is a text", () => {
    expect(merge(["x: 1\ny: 2", "x: v${y}"]).problems).toMatchObject([{ code: "merge.kind-change" }]);
  });
});

describe("a change of kind through a reference", () => {
  it.each([
    ["a: 5\nb: text", "a: ${b}", true],
    ["a: ${b}\nb: 5", "a: text", true],
    ["a: 5\nb: 6", "a: ${b}", false],
    ["a: 5\nb: text", "a: !replace ${b}", false],
    ["a: {x: 1}\nb: [1]", "a: ${b}", true],
    ["a: text", "a: ${secret:x}", false],
    ["a: 5", "a: ${missing}", false],
  ])("%j under %j: %s", (low, high, refused) => {
    const { diagnostics } = engineOf(stack([low, high])).resolve({ environment: "dev" });
    const found = diagnostics.filter(({ code }) => code === "merge.kind-change");
    expect(found.length).toBe(refused ? 1 : 0);
    if (refused)
      expect(found[0]).toMatchObject({
        where: { file: "environments/l1.yml", path: "a" },
        related: [{ file: "environments/l0.yml" }],
      });
  });
});
