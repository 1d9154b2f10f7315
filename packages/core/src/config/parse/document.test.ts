import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toPlain } from "../model/plain.ts";
import { failure } from "../testing/workspace.ts";
import { parseDocument } from "./document.ts";
import { findJsonProblem } from "./json.ts";
import { defaultLimits } from "./limits.ts";

const parse = (text: string, file = "a.yml") => parseDocument(file, text, defaultLimits);

describe("a layer file", () => {
  test.each([
    ["nothing", ""],
    ["comments", "# a\n"],
    ["null", "null\n"],
    ["a document marker", "---\n"],
    ["an empty map", "{}"],
  ])("with %s is an empty map", (_, text) => {
    expect(toPlain(parse(text).root)).toEqual({});
  });

  test.each([
    ["a text", "hello\n", "parse.not-a-map", 1, 1],
    ["a list", "# c\n- 1\n", "parse.not-a-map", 2, 1],
    ["a number", "5\n", "parse.not-a-map", 1, 1],
    ["!replace on everything", "!replace\na: 1\n", "parse.tag-misuse", 2, 1],
    ["!delete on everything", "!delete {a: 1}\n", "parse.tag-misuse", 1, 9],
    ["extends with a number", "a: 1\nextends: 5\n", "parse.tag-misuse", 2, 10],
    ["extends with a map", "extends: {a: b}\n", "parse.tag-misuse", 1, 10],
    ["extends with a list in a list", "extends: [a, [b]]\n", "parse.tag-misuse", 1, 14],
    ["extends with null", "extends:\n", "parse.tag-misuse", 1, 1],
  ])("with %s is an error", (_, text, code, line, column) => {
    expect(failure(() => parse(text))).toMatchObject({ code, where: { file: "a.yml", line, column } });
  });

  test.each([
    ["a name", "extends: dev\na: 1\n", [["dev", 1, 10]]],
    ["a path", "extends: ../x.yml\na: 1\n", [["../x.yml", 1, 10]]],
    [
      "a list",
      "a: 1\nextends:\n  - x.yml\n  - y.yml\n",
      [
        ["x.yml", 3, 5],
        ["y.yml", 4, 5],
      ],
    ],
    ["a key below the top, which is none", "a: 1\nb: {extends: x}\n", []],
  ])("tells its parents: %s", (_, text, parents) => {
    const document = parse(text);
    expect(document.parents.map(({ name, where }) => [name, where.line, where.column])).toEqual(parents);
    expect(toPlain(document.root)).not.toHaveProperty("extends");
  });
});

describe("a JSON file", () => {
  test("is read with its places", () => {
    const { root, source } = parse(
      '{\n\t"a": [1, 1.10, "\\u00e9\\/", true, null],\n\t"extends": []\n}\n',
      "a.json",
    );
    expect(toPlain(root)).toEqual({ a: [1, 1.1, "é/", true, null] });
    expect(source.where(root.entries.get("a")?.offset ?? 0)).toMatchObject({ line: 2, column: 7 });
  });

  test.each([
    ["a comment", '{\n  // c\n  "a": 1}', 2, 3],
    ["a YAML comment", '{\n  "a": 1 # c\n}', 2, 10],
    ["a trailing comma in a map", '{"a": 1,}', 1, 9],
    ["a trailing comma in a list", '{"a": [1,]}', 1, 10],
    ["single quotes", "{'a': 1}", 1, 2],
    ["a key without quotes", "{a: 1}", 1, 2],
    ["a value without quotes", '{"a": b}', 1, 7],
    ["a leading zero", '{"a": 012}', 1, 8],
    ["a leading plus", '{"a": +1}', 1, 7],
    ["a leading dot", '{"a": .5}', 1, 7],
    ["an anchor", '{"a": &x 1}', 1, 7],
    ["YAML", "a: 1\n", 1, 1],
    ["a missing comma", '{"a": 1\n "b": 2}', 2, 2],
    ["a missing colon", '{"a" 1}', 1, 6],
    ["a missing brace", '{"a": 1\n', 2, 1],
    ["a text that is left open", '{"a": "x}', 1, 7],
    ["a line break in a text", '{"a": "x\ny"}', 1, 7],
    ["an unknown escape", '{"a": "\\q"}', 1, 7],
    ["two values", '{"a": 1}\n{"b": 2}', 2, 1],
    ["a bracket of the other kind", '{"a": [1}}', 1, 9],
    ["NaN", '{"a": NaN}', 1, 7],
  ])("is JSON and nothing more: %s", (_, text, line, column) => {
    expect(failure(() => parse(text, "a.json"))).toMatchObject({
      code: "parse.syntax",
      where: { file: "a.json", line, column },
    });
  });

  test.each([
    ["a duplicate key", '{"a": 1,\n "a": 2}', "parse.duplicate-key", 2, 2],
    ["__proto__", '{"__proto__": {}}', "parse.forbidden-key", 1, 2],
    ["constructor", '{"a": [{"constructor": {}}]}', "parse.forbidden-key", 1, 9],
    ["prototype in escapes", '{"prot\\u006ftype": {}}', "parse.forbidden-key", 1, 2],
    [
      "deep nesting",
      `{"a": ${"[".repeat(5000)}${"]".repeat(5000)}}`,
      "parse.too-deep",
      1,
      expect.any(Number),
    ],
    ["a list at the top", "[]", "parse.not-a-map", 1, 1],
  ])("is read as carefully as YAML: %s", (_, text, code, line, column) => {
    expect(failure(() => parse(text, "a.json"))).toMatchObject({
      code,
      where: { file: "a.json", line, column },
    });
  });

  test("an open nesting of 500,000 brackets ends", () => {
    expect(failure(() => parse("[".repeat(500_000), "a.json")).code).toBe("parse.syntax");
  });

  test("what JSON.stringify writes has no problem and reads the same", () => {
    const forbidden = new Set(["", "__proto__", "constructor", "prototype", "extends"]);
    const key = fc.string({ unit: "grapheme" }).filter((name) => !forbidden.has(name));
    const leaf = fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc
        .double({ noNaN: true, noDefaultInfinity: true })
        .filter((n) => !Number.isInteger(n) || Number.isSafeInteger(n)),
      fc.boolean(),
      fc.constant(null),
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
      value: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        leaf,
        fc.array(tie("value"), { maxLength: 3 }),
        tie("tree"),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        for (const text of [JSON.stringify(value), JSON.stringify(value, null, "\t")]) {
          expect(findJsonProblem(text)).toBeUndefined();
          expect(toPlain(parse(text, "a.json").root)).toEqual(JSON.parse(text));
        }
      }),
    );
  });

  test("a text has a problem exactly where JSON.parse finds one", () => {
    const pieces = [
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      '"a"',
      '"',
      "1",
      "-",
      "0",
      ".5",
      "e3",
      "true",
      "null",
      " ",
      "\n",
      "\\",
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 12 }), (parts) => {
        const text = parts.join("");
        let valid = true;
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        expect(findJsonProblem(text) === undefined).toBe(valid);
      }),
      { numRuns: 2000 },
    );
  });
});
