import * as fc from "fast-check";
import { expect, test } from "vitest";
import { defaultLimits } from "../parse/limits.ts";
import { parseYaml } from "../parse/yaml.ts";
import { fingerprint, sameValue, type Node } from "./node.ts";
import { toPlain } from "./plain.ts";
import { LabelledSource, TextSource } from "./source.ts";

const parse = (text: string): Node => parseYaml(new TextSource("a.yml", text), defaultLimits) as Node;

test.each<[string, string, boolean]>([
  ["1", "1.0", true],
  ["-0", "0", true],
  ["1.1", "1.10", true],
  ["1", "'1'", false],
  ["null", "''", false],
  ["null", "'null'", false],
  ["true", "'true'", false],
  ["9007199254740993", "9007199254740993", true],
  ["9007199254740993", "9007199254740992", false],
  ["{a: 1, b: 2}", "{b: 2, a: 1}", true],
  ["{a: 1}", "{a: 1, b: null}", false],
  ["[1, 2]", "[2, 1]", false],
  ["[]", "{}", false],
  ["['a,b']", "[a, b]", false],
  ["{'a:b': 1}", "{a: 'b: 1'}", false],
])("%s and %s have the same value: %j", (left, right, same) => {
  expect(sameValue(parse(left), parse(right))).toBe(same);
  expect(fingerprint(parse(left)) === fingerprint(parse(right))).toBe(same);
});

test("fingerprints are the same exactly where values are", () => {
  const { value } = fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom("1", "1.0", "'1'", "null", "true", "'true'", "a", '"a,b"', '"]"', "9007199254740993"),
      fc.array(tie("value"), { maxLength: 2 }).map((items) => `[${items.join(", ")}]`),
      fc.dictionary(fc.constantFrom("a", "b", '"a,b"'), tie("value")).map(
        (map) =>
          `{${Object.entries(map)
            .map(([key, text]) => `${key}: ${text}`)
            .join(", ")}}`,
      ),
    ),
  }));
  fc.assert(
    fc.property(value, value, (one, two) => {
      const [left, right] = [parse(one), parse(two)];
      expect(fingerprint(left) === fingerprint(right)).toBe(sameValue(left, right));
    }),
    { numRuns: 500 },
  );
});

test("plain values have keys of their own only", () => {
  const plain = toPlain(parse("{toString: 1, hasOwnProperty: {valueOf: 2}}")) as Record<string, unknown>;
  expect(Object.keys(plain)).toEqual(["toString", "hasOwnProperty"]);
  expect(Object.getPrototypeOf(plain)).toBe(Object.prototype);
});

test.each<[string, readonly (readonly [number, number, number])[]]>([
  [
    "ab\ncd\n",
    [
      [0, 1, 1],
      [1, 1, 2],
      [2, 1, 3],
      [3, 2, 1],
      [6, 3, 1],
    ],
  ],
  [
    "a\r\nb\rc\n\r",
    [
      [1, 1, 2],
      [3, 2, 1],
      [5, 3, 1],
      [7, 4, 1],
      [8, 5, 1],
    ],
  ],
  ["", [[0, 1, 1]]],
])("a text source counts lines and columns in %j", (text, places) => {
  const source = new TextSource("a.yml", text);
  expect(places.map(([offset]) => source.where(offset))).toEqual(
    places.map(([, line, column]) => ({ file: "a.yml", line, column })),
  );
});

test("a labelled source names each of its values", () => {
  const source = new LabelledSource("process environment");
  const [one, two] = [source.add("env:A"), source.add("env:B")];
  expect([source.where(two).file, source.where(one).file, source.where(9).file]).toEqual([
    "env:B",
    "env:A",
    "process environment",
  ]);
});
