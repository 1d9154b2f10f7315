import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isLotseError } from "../../../kernel/index.ts";
import { combineShares, splitSecret } from "./shamir.ts";

const random = (size: number): Uint8Array => Uint8Array.from(randomBytes(size));

describe("shares", () => {
  it("give the secret back with any threshold of them", () => {
    const property = fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 40 }),
      fc.integer({ min: 2, max: 6 }),
      fc.integer({ min: 0, max: 4 }),
      fc.infiniteStream(fc.nat(1000)),
      (secret, threshold, extra, picks) => {
        const shares = [...splitSecret(secret, threshold + extra, threshold, random)];
        const chosen = Array.from({ length: threshold }, () => {
          const at = (picks.next().value ?? 0) % shares.length;
          return shares.splice(at, 1)[0] ?? new Uint8Array();
        });
        expect(combineShares(chosen)).toEqual(secret);
      },
    );
    fc.assert(property, { numRuns: 60 });
  });

  it("do not give the secret back with one fewer", () => {
    const secret = random(32);
    const shares = splitSecret(secret, 5, 3, random);
    expect(combineShares(shares.slice(0, 2))).not.toEqual(secret);
  });

  it("have their place as the last byte, all different and none zero", () => {
    const places = splitSecret(random(4), 255, 2, random).map((share) => share.at(-1));
    expect(new Set(places).size).toBe(255);
    expect(places).not.toContain(0);
  });

  // By hand: with the polynomial 0x42 + 3x, the values at 1 and 7 are 0x42 ^ 3 and 0x42 ^ (3 · 7 = 9).
  it("fit a polynomial worked out by hand", () => {
    expect(combineShares([Uint8Array.of(0x41, 1), Uint8Array.of(0x4b, 7)])).toEqual(Uint8Array.of(0x42));
  });

  // FIPS 197, section 4.2: {57} · {83} = {c1} and {57} · {13} = {fe} in this field.
  it.each([
    [0x83, 0xc1],
    [0x13, 0xfe],
  ])("multiply in the field of AES: 57 at %i", (x, product) => {
    expect(combineShares([Uint8Array.of(0x57, 1), Uint8Array.of(product, x)])).toEqual(Uint8Array.of(0));
  });

  it.each([
    ["one share", [Uint8Array.of(1, 1)]],
    ["two alike", [Uint8Array.of(1, 1), Uint8Array.of(2, 1)]],
    ["unequal lengths", [Uint8Array.of(1, 1), Uint8Array.of(2, 2, 2)]],
    ["a place of zero", [Uint8Array.of(1, 1), Uint8Array.of(2, 0)]],
    ["empty shares", [new Uint8Array(), new Uint8Array()]],
  ])("are refused: %s", (_what, shares) => {
    expect(combineShares(shares)).toBeUndefined();
  });

  it.each([
    [1, 1],
    [3, 1],
    [2, 3],
    [256, 2],
  ])("cannot be %i with a threshold of %i", (count, threshold) => {
    expect(() => splitSecret(random(2), count, threshold, random)).toThrow(
      expect.toSatisfy((error: unknown) => isLotseError(error) && error.code === "secret.recipient"),
    );
  });
});
