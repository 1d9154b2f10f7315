import fc from "fast-check";
import { load, YAML11_SCHEMA } from "js-yaml";
import { describe, expect, it } from "vitest";
import { sameValue, type Node } from "../model/node.ts";
import { isForbiddenKey } from "../model/path.ts";
import { toPlain } from "../model/plain.ts";
import { LabelledSource, TextSource } from "../model/source.ts";
import { defaultLimits } from "../parse/limits.ts";
import { parseYaml } from "../parse/yaml.ts";
import { nodeOfPlain } from "../resolve/variables.ts";
import { toCanonicalJson, toJson } from "./json.ts";
import { parseJson } from "./parse-json.ts";
import { toYaml } from "./yaml.ts";

const parse = (text: string): Node => parseYaml(new TextSource("t", text), defaultLimits) as Node;
const source = new LabelledSource("t");

const text = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.constantFrom(
    "no",
    "y",
    "012",
    "1_000",
    "1.10",
    "~",
    "",
    " x",
    "x ",
    "a: b",
    "# c",
    "- d",
    "a\nb",
    "a\n\n",
    "\n",
    "  a\nb",
    "a \nb",
    "\u2028",
    "<<",
    "=",
    "2026-01-01",
    "0x1f",
    "12:30:45",
  ),
);
const value = fc.letrec((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("node"), { maxLength: 4 }),
    fc.dictionary(
      text.filter((key) => key !== "" && !isForbiddenKey(key)),
      tie("node"),
      { maxKeys: 4 },
    ),
  ),
})).node;

describe("toYaml and toJson", () => {
  it("are read back as the same value", () => {
    fc.assert(
      fc.property(value, (plain) => {
        const node = nodeOfPlain(plain as never, source, 0);
        expect(sameValue(parse(toYaml(node)), node)).toBe(true);
        expect(sameValue(parseJson(toJson(node)), node)).toBe(true);
        expect(JSON.parse(toJson(node))).toEqual(toPlain(node));
      }),
      { numRuns: 1500 },
    );
  });

  it("mean the same to a reader of YAML 1.1", () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          text.filter((key) => key !== "" && !isForbiddenKey(key)),
          text,
          { maxKeys: 5 },
        ),
        (plain) => {
          expect(load(toYaml(nodeOfPlain(plain, source, 0)), { schema: YAML11_SCHEMA })).toEqual(plain);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("keep the text of numbers", () => {
    const node = parse("{a: 1.10, b: 9007199254740993, c: 1e3, d: -0, e: 012, f: no, y: 1}");
    expect(toJson(node, 0)).toBe('{"a":1.10,"b":9007199254740993,"c":1e3,"d":-0,"e":"012","f":"no","y":1}');
    expect(toYaml(node)).toBe('a: 1.10\nb: 9007199254740993\nc: 1e3\nd: -0\ne: "012"\nf: "no"\n"y": 1\n');
    expect(toYaml(parseJson(toJson(node)))).toBe(toYaml(node));
  });

  it("canonical JSON does not depend on the order of keys", () => {
    expect(toCanonicalJson(parse("{b: [1, {d: 1, c: 2}], a: x}"))).toBe('{"a":"x","b":[1,{"c":2,"d":1}]}');
  });
});
