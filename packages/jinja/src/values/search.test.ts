import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Budget } from "../limits.ts";
import { indexOfText, lastIndexOfText, splitText } from "./search.ts";

/** Few letters, much repetition: what makes searching hard, and long enough for both ways of doing it. */
const text = fc
  .tuple(
    fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 6 }),
    fc.integer({ min: 0, max: 900 }),
  )
  .map(([piece, times]) => piece.repeat(times));
const part = fc
  .tuple(text, fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 3 }))
  .map(([start, end]) => start.slice(0, 700) + end);
const budget = (): Budget => new Budget();

describe("searching is the same as JavaScript's", () => {
  test("property: indexOf, lastIndexOf and split", () => {
    fc.assert(
      fc.property(text, text, part, fc.nat(50), (before, after, wanted, from) => {
        const whole = before + wanted + after;
        expect(indexOfText(whole, wanted, from, budget())).toBe(whole.indexOf(wanted, from));
        expect(lastIndexOfText(whole, wanted, budget())).toBe(whole.lastIndexOf(wanted));
        expect(splitText(whole, wanted, budget())).toEqual(whole.split(wanted));
        expect(indexOfText(before, wanted, 0, budget())).toBe(before.indexOf(wanted));
      }),
      { numRuns: 200 },
    );
  });

  test("what takes long costs more", () => {
    const steps = (length: number): number => {
      const used = budget();
      indexOfText("ab".repeat(length), `${"ab".repeat(length / 2)}b`, 0, used);
      return used.steps;
    };
    expect(steps(100_000)).toBeGreaterThan(9 * steps(10_000));
    expect(steps(100_000)).toBeLessThan(11 * steps(10_000));
  });
});
