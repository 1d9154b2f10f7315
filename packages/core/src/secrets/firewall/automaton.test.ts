import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { step } from "./automaton.ts";
import { buildAutomaton } from "./build.ts";
import { LineBreaks } from "./line-breaks.ts";
import { Scanner } from "./scanner.ts";

const word = (minLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom("a", "b", "c", "\0"), minLength, maxLength: 12 });

describe("the automaton", () => {
  it("is in the state of the longest suffix that begins a pattern", () => {
    fc.assert(
      fc.property(fc.uniqueArray(word(1), { minLength: 1, maxLength: 12 }), word(0), (patterns, text) => {
        const automaton = buildAutomaton(patterns.map((pattern) => Buffer.from(pattern)));
        let state = 0;
        for (let end = 1; end <= text.length; end++) {
          state = step(automaton, state, text.charCodeAt(end - 1));
          const suffixes = Array.from({ length: end }, (_, from) => text.slice(from, end));
          const longest =
            suffixes.find((suffix) => patterns.some((pattern) => pattern.startsWith(suffix))) ?? "";
          expect(automaton.depthOf(state)).toBe(longest.length);
        }
      }),
      { numRuns: 500 },
    );
  });
});

/** Every end at which a pattern ends in a text, with the longest length, by trying all. */
function expectedMatches(patterns: readonly string[], text: string): string[] {
  const found: string[] = [];
  for (let end = 1; end <= text.length; end++) {
    const lengths = patterns
      .filter((pattern) => text.slice(0, end).endsWith(pattern))
      .map(({ length }) => length);
    if (lengths.length > 0) found.push(`${end - Math.max(...lengths)}-${end}`);
  }
  return found;
}

describe("the scanner", () => {
  it.each([1, 3, 4, 5, 6, 8])(
    "finds what a search for each pattern finds, with patterns from %i bytes",
    (least) => {
      const patternsOf = fc.uniqueArray(word(least), { minLength: 1, maxLength: 10 });
      const filler = fc.constantFrom("x", "xyz", "\n", "\r\n", "----------------", "");
      fc.assert(
        fc.property(
          patternsOf,
          fc.array(fc.tuple(filler, word(0), fc.nat()), { maxLength: 12 }),
          fc.nat(40),
          (patterns, parts, cut) => {
            const text = parts
              .map(([fill, near, pick]) => fill + near + (patterns[pick % patterns.length] ?? ""))
              .join("");
            const matches: string[] = [];
            const breaks = new LineBreaks();
            const automaton = buildAutomaton(patterns.map((pattern) => Buffer.from(pattern)));
            const scanner = new Scanner(automaton, breaks, (pattern, start, end) => {
              expect(end - start).toBe(patterns[pattern]?.length);
              matches.push(`${start}-${end}`);
            });
            scanner.read(Buffer.from(text.slice(0, cut)));
            scanner.read(Buffer.from(text.slice(cut)));
            const joined = text.replaceAll(/[\r\n]/g, "");
            expect(matches).toEqual(expectedMatches(patterns, joined));
            expect(scanner.count).toBe(joined.length);
          },
        ),
        { numRuns: 400 },
      );
    },
  );
});

describe("line breaks", () => {
  it("turn places without them into places with them, also after forgetting", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 400 }), fc.nat(400), (isBreak, forget) => {
        const breaks = new LineBreaks();
        const positions: number[] = [];
        for (const [position, is] of isBreak.entries()) {
          if (is) breaks.add(positions.length);
          else positions.push(position);
          if (position === forget) breaks.forgetBefore(Math.max(0, positions.length - 1));
        }
        const from = forget < isBreak.length ? isBreak.slice(0, forget + 1).filter((is) => !is).length : 0;
        for (let index = from; index < positions.length; index++) {
          expect(breaks.positionOf(index)).toBe(positions[index]);
        }
      }),
    );
  });
});
