import { describe, expect, test } from "vitest";
import { isScalar, type Node, type ScalarNode } from "../model/node.ts";
import { nodeAt, parsePath } from "../model/path.ts";
import { toPlain } from "../model/plain.ts";
import { TextSource } from "../model/source.ts";
import { failure } from "../testing/workspace.ts";
import { defaultLimits } from "./limits.ts";
import { parseYaml } from "./yaml.ts";

function parse(text: string): Node | undefined {
  return parseYaml(new TextSource("a.yml", text), defaultLimits);
}

function plain(text: string): unknown {
  const node = parse(text);
  return node === undefined ? undefined : toPlain(node);
}

function at(text: string, path: string): Node {
  const root = parse(text);
  const node = root === undefined ? undefined : nodeAt(root, parsePath(path));
  if (node === undefined) throw new Error(`there is nothing at ${path}`);
  return node;
}

function scalar(text: string): ScalarNode {
  const node = at(`x: ${text}\n`, "x");
  if (!isScalar(node)) throw new Error(`${text} is no scalar`);
  return node;
}

describe("scalars keep what their source says", () => {
  test.each<[string, ScalarNode["kind"], ScalarNode["value"], string | undefined]>([
    ["1", "integer", 1, undefined],
    ["0", "integer", 0, undefined],
    ["-7", "integer", -7, undefined],
    ["-0", "integer", -0, "-0"],
    ["1.10", "float", 1.1, "1.10"],
    ["1.5", "float", 1.5, undefined],
    ["1.0", "float", 1, "1.0"],
    ["1e3", "float", 1000, "1e3"],
    ["1E+3", "float", 1000, "1E+3"],
    ["9007199254740991", "integer", 9007199254740991, undefined],
    ["9007199254740992", "integer", 9007199254740992n, undefined],
    ["9007199254740993", "integer", 9007199254740993n, undefined],
    ["-9007199254740993", "integer", -9007199254740993n, undefined],
    ["0.1234567890123456789", "float", 0.12345678901234568, "0.1234567890123456789"],
    ["012", "string", "012", undefined],
    ["0x1f", "string", "0x1f", undefined],
    ["0o17", "string", "0o17", undefined],
    ["0b1", "string", "0b1", undefined],
    ["1_000", "string", "1_000", undefined],
    ["12:30", "string", "12:30", undefined],
    ["190:20:30", "string", "190:20:30", undefined],
    [".5", "string", ".5", undefined],
    ["5.", "string", "5.", undefined],
    ["+5", "string", "+5", undefined],
    [".inf", "string", ".inf", undefined],
    [".nan", "string", ".nan", undefined],
    ["1e", "string", "1e", undefined],
    ["--1", "string", "--1", undefined],
    ["1e999", "string", "1e999", undefined],
    ["no", "string", "no", undefined],
    ["off", "string", "off", undefined],
    ["y", "string", "y", undefined],
    ["Yes", "string", "Yes", undefined],
    ["tRue", "string", "tRue", undefined],
    ["2026-06-15", "string", "2026-06-15", undefined],
    ["1.2.3", "string", "1.2.3", undefined],
    ["=", "string", "=", undefined],
    ["true", "boolean", true, undefined],
    ["TRUE", "boolean", true, undefined],
    ["False", "boolean", false, undefined],
    ["~", "null", null, undefined],
    ["null", "null", null, undefined],
    ["", "null", null, undefined],
    ["''", "string", "", undefined],
    ['"1"', "string", "1", undefined],
    ["'1.10'", "string", "1.10", undefined],
    ['"true"', "string", "true", undefined],
    ["'it''s'", "string", "it's", undefined],
    ['"a\\nb\\u00e9"', "string", "a\nbé", undefined],
    ['"\\ud83d\\ude00"', "string", "😀", undefined],
    ["a # comment", "string", "a", undefined],
    ["a#b", "string", "a#b", undefined],
    ["a  b", "string", "a  b", undefined],
    ["\ta", "string", "a", undefined],
  ])("%s", (text, kind, value, source) => {
    expect(scalar(text)).toMatchObject({ kind, value, text: source });
    expect(Object.is(scalar(text).value, value)).toBe(true);
  });

  test.each([
    ["!!str 1.10", "string", "1.10"],
    ["!!str", "string", ""],
    ["! 12", "string", "12"],
    ["!<tag:yaml.org,2002:str> 5", "string", "5"],
    ["!!int 5", "integer", 5],
    ["!!int '5'", "integer", 5],
    ["!!float 5", "float", 5],
    ["!!bool 'true'", "boolean", true],
    ["!!null ''", "null", null],
  ])("%s is read as its tag says", (text, kind, value) => {
    expect(scalar(text)).toMatchObject({ kind, value });
  });

  test.each([
    ["a long integer", "9".repeat(100_000)],
    ["a long float", `0.${"1".repeat(100_000)}`],
  ])("%s comes out as it went in", (_, text) => {
    const node = scalar(text);
    expect(node.text ?? String(node.value)).toBe(text);
  });
});

test.each([
  ["keys that YAML 1.1 takes for booleans", "y: 1\nno: 2\non: 3\n", { y: 1, no: 2, on: 3 }],
  [
    "keys that look like numbers",
    "1: a\n1.10: b\n012: c\n~: d\n",
    { "1": "a", "1.10": "b", "012": "c", "~": "d" },
  ],
  [
    "keys of objects that are harmless",
    "toString: 1\nhasOwnProperty: 2\n",
    { toString: 1, hasOwnProperty: 2 },
  ],
  ["quoted keys", "\"a b\": 1\n'c': 2\n", { "a b": 1, c: 2 }],
  ["an explicit key", "? a\n: 1\n? b\n", { a: 1, b: null }],
  ["a literal block", "a: |\n  x\n   y\n\n  z\n", { a: "x\n y\n\nz\n" }],
  ["a literal block without its last line break", "a: |-\n  x\n", { a: "x" }],
  ["a literal block with all its line breaks", "a: |+\n  x\n\n", { a: "x\n\n" }],
  ["a literal block with an indentation", "a: |2\n    x\n", { a: "  x\n" }],
  ["a folded block", "a: >\n  x\n  y\n\n  z\n", { a: "x y\nz\n" }],
  ["a text over several lines", 'a: x\n  y\nb: "u\n  v"\n', { a: "x y", b: "u v" }],
  ["flow collections", "a: {b: [1, {c: d}], e: }\n", { a: { b: [1, { c: "d" }], e: null } }],
  ["an empty map and list", "a: {}\nb: []\n", { a: {}, b: [] }],
  ["empty list items", "a:\n  -\n  - 1\n  -\n", { a: [null, 1, null] }],
  ["an alias", "a: &x {b: 1}\nc: *x\n", { a: { b: 1 }, c: { b: 1 } }],
  ["an anchor that is set twice", "a: &x 1\nb: *x\nc: &x 2\nd: *x\n", { a: 1, b: 1, c: 2, d: 2 }],
  ["a merge key", "a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}\n", { a: { b: 1, c: 2 }, d: { c: 3, b: 1 } }],
  ["a merge key behind a key of its own", "d: {c: 3, <<: {b: 1, c: 2}}\n", { d: { c: 3, b: 1 } }],
  [
    "a merge key with a list, the first wins",
    "a: &a {k: 1}\nb: &b {k: 2, l: 3}\nc: {<<: [*a, *b]}\n",
    { a: { k: 1 }, b: { k: 2, l: 3 }, c: { k: 1, l: 3 } },
  ],
  ["a quoted merge key, which is a key", '"<<": {a: 1}\n', { "<<": { a: 1 } }],
  ["CRLF", "a: 1\r\nb:\r\n  c: x\r\n", { a: 1, b: { c: "x" } }],
  ["a lone CR", "a: 1\rb: 2\r", { a: 1, b: 2 }],
  ["a document marker", "%YAML 1.2\n---\na: 1\n...\n", { a: 1 }],
  ["tabs that separate", "a:\t1\t# x\nb: x\ty\n", { a: 1, b: "x\ty" }],
  ["JSON", '{\n\t"a": [1, "\\u0041\\/", null]\n}\n', { a: [1, "A/", null] }],
])("reads %s", (_, text, value) => {
  expect(plain(text)).toEqual(value);
});

test.each([
  ["nothing", ""],
  ["blank lines", "\n \n"],
  ["comments", "# a\n  # b\n"],
])("a text of %s holds no value", (_, text) => {
  expect(parse(text)).toBeUndefined();
});

describe("places", () => {
  test.each<[string, string, string, number, number]>([
    ["a plain value", "a: 1\nb:\n  c: x\n", "b.c", 3, 6],
    ["a quoted value at its quote", "a: \"x\"\nb: 'y'\n", "b", 2, 4],
    ["a value behind a tag", "a: !replace 1\n", "a", 1, 13],
    ["a literal block at its bar", "a: 1\nb: |-  # why | not\n  x\n", "b", 2, 4],
    ["a literal block with blank lines in front", "b: |\n\n\n  x\n", "b", 1, 4],
    ["a folded block with CRLF", "a: 1\r\nb: >\r\n  x\r\n", "b", 2, 4],
    ["a literal block with a lone CR", "a: 1\rb: |\r  x\r", "b", 2, 4],
    ["a map at its first key", "a:\n  b:\n    c: 1\n", "a.b", 3, 5],
    ["a flow map at its brace", "a: {b: 1}\n", "a", 1, 4],
    ["a list at its first dash", "a:\n  - 1\n", "a", 2, 3],
    ["a list item", "a:\n  - 1\n  - x: 2\n", "a[1].x", 3, 8],
    ["an empty value at its key", "a:\n  b:\nc: 1\n", "a.b", 2, 3],
    ["an empty value at its quoted key", 'a: 1\n"b":\n', "b", 2, 1],
    ["an empty value in a flow map", "a: {b: , c}\n", "a.c", 1, 10],
    ["an empty value at its tag", "a: 1\nb: !delete\n", "b", 2, 4],
    ["an empty value at its anchor", "a: 1\nb: &x\n", "b", 2, 4],
    ["the first empty list item at its dash", "a:\n  -\n  - 1\n", "a[0]", 2, 3],
    ["an empty list item behind a value", "a:\n  - 1 # - no\n  # - no\n  -\n", "a[1]", 4, 3],
    ["an empty list item behind a quoted value", "a:\n  - 'x'\n  -\n", "a[1]", 3, 3],
    ["an empty list item behind a flow list", "a:\n  - [[1, 2]]\n  -\n", "a[1]", 3, 3],
    ["an empty list item behind an empty one", "a:\n  -\n  -\n  -\n", "a[2]", 4, 3],
    ["an empty list item behind a block", "a:\n  - |\n    x\n  -\n", "a[1]", 4, 3],
    ["an empty list item behind an alias", "a:\n  - &x 1\n  - *x\n  -\n", "a[2]", 4, 3],
    ["an empty item of a list in a list", "a:\n  - -\n    -\n", "a[0][1]", 3, 5],
    ["a column beyond the basic plane, in UTF-16 units", "a: {😀: 1, b: 2}\n", "a.b", 1, 15],
  ])("%s", (_, text, path, line, column) => {
    const node = at(text, path);
    expect(node.source.where(node.offset)).toEqual({ file: "a.yml", line, column });
  });
});

describe("errors", () => {
  test.each<[string, string, string, number, number]>([
    ["a bracket that is left open", "a: [1,\n", "parse.syntax", 2, 1],
    ["a colon too many", "a: b: c\n", "parse.syntax", 1, 5],
    ["a tab as indentation", "a:\n\tb: 1\n", "parse.syntax", 2, 1],
    ["a NUL byte", "a: 1\nb: x\0y\n", "parse.syntax", 2, 5],
    ["a control character", "a: 1\nb: x\u0001y\n", "parse.syntax", 2, 5],
    ["an unknown escape", 'a: "\\q"\n', "parse.syntax", 1, 6],
    ["a duplicate key", "a: 1\nb:\n  c: 1\n  c: 2\n", "parse.duplicate-key", 4, 3],
    ["a duplicate key in a flow map", "{a: 1, a: 1}", "parse.duplicate-key", 1, 8],
    ["a duplicate key in other quotes", "a: 1\n'a': 2\n", "parse.duplicate-key", 2, 1],
    ["a duplicate key written in escapes", 'a: 1\n"\\u0061": 2\n', "parse.duplicate-key", 2, 1],
    ["a forbidden key", "a:\n  __proto__: 1\n", "parse.forbidden-key", 2, 3],
    ["a forbidden key in quotes", '{"a": {"constructor": 1}}', "parse.forbidden-key", 1, 8],
    ["a forbidden key in escapes", '"\\u005f_proto__": 1\n', "parse.forbidden-key", 1, 1],
    ["a forbidden key behind a merge key", "a: {<<: {prototype: 1}}\n", "parse.forbidden-key", 1, 10],
    ["a list as a key", "? [a]\n: b\n", "parse.key", 1, 3],
    ["a map as a key", "{{a: 1}: b}", "parse.key", 1, 2],
    ["an alias as a key", "a: &x b\n*x : c\n", "parse.key", 2, 1],
    ["an empty key", "a: 1\n: b\n", "parse.key", 2, 1],
    ["an empty key in quotes", 'a: 1\n"": b\n', "parse.key", 2, 1],
    ["a merge key that is no map", "a: {<<: 1}\n", "parse.key", 1, 9],
    ["a merge key with a list of texts", "a: {<<: [b]}\n", "parse.key", 1, 9],
    ["an unknown alias", "a: *x\n", "parse.unknown-alias", 1, 5],
    ["an alias inside its anchor", "a: &x {b: *x}\n", "parse.unknown-alias", 1, 12],
    ["an unknown tag", "a: 1\nb: !repalce x\n", "parse.unknown-tag", 2, 4],
    ["an unknown standard tag", "a: !!binary x\n", "parse.unknown-tag", 1, 4],
    ["a JavaScript tag", "a: !!js/function 'x'\n", "parse.unknown-tag", 1, 4],
    ["a tag that does not fit", "a: !!int x\n", "parse.tag-misuse", 1, 10],
    ["!!int on a float", "a: !!int 1.5\n", "parse.tag-misuse", 1, 10],
    ["!!map on a text", "a: !!map x\n", "parse.tag-misuse", 1, 10],
    ["!!seq on a map", "a: !!seq {}\n", "parse.tag-misuse", 1, 4],
    ["!append on a map", "a: !append {b: 1}\n", "parse.tag-misuse", 1, 4],
    ["!append on a text", "a: !append x\n", "parse.tag-misuse", 1, 4],
    ["!prepend on a number", "a: !prepend 1\n", "parse.tag-misuse", 1, 4],
    ["!merge on a text", "a: !merge x\n", "parse.tag-misuse", 1, 4],
    ["several documents", "a: 1\n---\nb: 2\n", "parse.several-documents", 2, 1],
    ["several documents without a separator", "a: 1\n...\nb: 2\n", "parse.several-documents", 3, 1],
    ["several documents of which one is empty", "a: 1\n---\n", "parse.several-documents", 2, 1],
  ])("%s", (_, text, code, line, column) => {
    expect(failure(() => parse(text))).toMatchObject({ code, where: { file: "a.yml", line, column } });
  });

  test("a duplicate key names both places", () => {
    expect(failure(() => parse("a:\n  b: 1\n  c: 2\n  b: 3\n")).related).toEqual([
      { file: "a.yml", line: 2, column: 3 },
    ]);
  });

  test.each([
    ["the tag itself", "a: !unknwon 1\n", "!unknwon"],
    ["the key", "constructor: 1\n", '"constructor"'],
  ])("the message names %s", (_, text, name) => {
    expect(failure(() => parse(text)).message).toContain(name);
  });
});

describe("hostile texts end in an error with a place", () => {
  const nested: readonly (readonly [string, string])[] = [
    ["flow lists", "[".repeat(100_000)],
    ["flow maps", "{a: ".repeat(100_000)],
    ["block lists", "- ".repeat(100_000)],
    ["block maps", Array.from({ length: 2000 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n")],
    ["explicit keys", "? ".repeat(100_000)],
    ["lists in maps", '{"a":['.repeat(50_000)],
    ["exactly one too deep", `${"[".repeat(65)}${"]".repeat(65)}`],
  ];
  test.each(nested)("deep nesting of %s", (_, text) => {
    const error = failure(() => parse(text));
    expect(error.code).toBe("parse.too-deep");
    expect(error.where).toMatchObject({
      file: "a.yml",
      line: expect.any(Number),
      column: expect.any(Number),
    });
  });

  test("nesting just below the limit is read", () => {
    expect(parse(`${"[".repeat(62)}${"]".repeat(62)}`)?.kind).toBe("list");
  });

  const bombs: readonly (readonly [string, (level: number) => string])[] = [
    ["lists", (level) => `[${Array.from({ length: 10 }, () => `*a${level}`).join(", ")}]`],
    ["maps", (level) => `{${Array.from({ length: 10 }, (_, key) => `k${key}: *a${level}`).join(", ")}}`],
  ];
  test.each(bombs)("an alias bomb of %s", (_, line) => {
    const lines = [
      "a0: &a0 x",
      ...Array.from({ length: 30 }, (_, level) => `a${level + 1}: &a${level + 1} ${line(level)}`),
    ];
    expect(failure(() => parse(`${lines.join("\n")}\n`))).toMatchObject({
      code: "parse.alias-bomb",
      where: { file: "a.yml", line: 7, column: expect.any(Number) },
    });
  });

  test("an alias bomb of merge keys", () => {
    const maps = Array.from(
      { length: 40 },
      (_, level) => `m${level + 1}: &m${level + 1} {<<: [*m${level}, *m${level}]}`,
    );
    expect(failure(() => parse(`m0: &m0 {k: x}\n${maps.join("\n")}\n`)).code).toBe("parse.alias-bomb");
  });

  test.each([
    [
      "many literal blocks",
      `${Array.from({ length: 30_000 }, (_, key) => `k${key}: |\n  x | y`).join("\n")}\n`,
    ],
    ["many empty items", `a:\n${"  -\n".repeat(50_000)}`],
    ["many anchors", Array.from({ length: 30_000 }, (_, key) => `k${key}: &a${key} x`).join("\n")],
    ["one long line", `a: ${"x ".repeat(2_000_000)}`],
    ["many bars", `a: ${"| ".repeat(100_000)}`],
    ["many comments", `a:\n  -\n${"# - # - ".repeat(100_000)}`],
    ["many spaces", `a: |${" ".repeat(1_000_000)}x\n`],
  ])("%s", (_, text) => {
    try {
      expect(parse(text)).toBeDefined();
    } catch (error) {
      expect(error).toMatchObject({ code: "parse.syntax" });
    }
  });
});
