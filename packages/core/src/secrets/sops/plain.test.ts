import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatFloat, parseFloatText, plainOf, textOfValue, valueOf } from "./plain.ts";

describe("a float", () => {
  it.each([
    [1, "1"],
    [1.5, "1.5"],
    [0.1, "0.1"],
    [-0, "-0"],
    [1e21, "1000000000000000000000"],
    [1.25e-7, "0.000000125"],
    [-1.5e22, "-15000000000000000000000"],
    [5e-324, `0.${"0".repeat(323)}5`],
    [Number.MAX_SAFE_INTEGER, "9007199254740991"],
    [Infinity, "+Inf"],
    [-Infinity, "-Inf"],
    [NaN, "NaN"],
  ])("%d is written as Go writes it: %s", (value, expected) => {
    expect(formatFloat(value)).toBe(expected);
  });

  it("reads back as the same, and never has an exponent", () => {
    const property = fc.property(fc.double(), (value) => {
      const text = formatFloat(value);
      expect(parseFloatText(text)).toBe(value);
      if (Number.isFinite(value)) expect(text).not.toMatch(/e/u);
    });
    fc.assert(property);
  });
});

describe("a value", () => {
  it("is the same after it was made plain", () => {
    const values = fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.maxSafeInteger(),
      fc.boolean(),
      fc.constant(null),
      fc.double({ noNaN: true }),
    );
    const property = fc.property(values, (value) => {
      const plain = plainOf(value);
      expect(plain === undefined ? undefined : valueOf(plain)).toEqual(value);
    });
    fc.assert(property);
  });

  it.each([
    ["a 64-bit integer as bigint", 9223372036854775807n, "int", 9223372036854775807n],
    ["a typed float", { type: "float", value: 3 } as const, "float", 3],
    ["a typed int from text", { type: "int", value: "7" } as const, "int", 7],
    ["bytes that are no text", Uint8Array.from([0xff, 0]), "str", Uint8Array.from([0xff, 0])],
  ])("keeps %s", (_what, input, type, expected) => {
    const plain = plainOf(input);
    expect(plain?.type).toBe(type);
    expect(plain === undefined ? undefined : valueOf(plain)).toEqual(expected);
  });

  it.each([
    ["an integer of more than 64 bits", 2n ** 63n],
    ["text as an int", { type: "int", value: "x" } as const],
    ["text as a time", { type: "time", value: "tomorrow" } as const],
  ])("is none for %s", (_what, input) => {
    expect(plainOf(input)).toBeUndefined();
  });

  it.each([
    [null, ""],
    [true, "true"],
    [12, "12"],
    [1e21, "1000000000000000000000"],
    ["x", "x"],
  ])("%j is %s for a program", (value, expected) => {
    expect(textOfValue(value)).toBe(expected);
  });
});
