import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson, digestOf } from "./canonical.ts";

function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => shuffled(item));
  if (typeof value !== "object" || value === null) return value;
  const copy = Object.create(null) as Record<string, unknown>;
  for (const [key, item] of Object.entries(value).reverse()) copy[key] = shuffled(item);
  return copy;
}

describe("canonicalJson", () => {
  it("says the same as JSON, whatever the order of keys", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(shuffled(value))).toBe(text);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
      }),
    );
  });

  it.each([
    [{ b: 1, a: [true, null, "ä\n"] }, '{"a":[true,null,"ä\\n"],"b":1}'],
    [JSON.parse('{"__proto__":{"x":1},"10":1,"9":2}'), '{"10":1,"9":2,"__proto__":{"x":1}}'],
    [-0, "0"],
    [1e21, "1e+21"],
    ["\ud800", '"\\ud800"'],
  ])("writes %j", (value, text) => expect(canonicalJson(value)).toBe(text));

  it("refuses what JSON cannot hold", () => {
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    for (const value of [undefined, Number.NaN, Infinity, 1n, () => {}, { a: undefined }, cyclic]) {
      expect(() => canonicalJson(value)).toThrow(TypeError);
    }
    const shared = { a: 1 };
    expect(canonicalJson([shared, shared])).toBe('[{"a":1},{"a":1}]');
  });

  it("digests text and bytes alike", () => {
    expect(digestOf("")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect(digestOf("ä")).toBe(digestOf(Buffer.from("ä")));
  });
});
