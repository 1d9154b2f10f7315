import { type BuiltinTable, builtinTable } from "../runtime/builtin.ts";
import { textOf } from "../values/markup.ts";
import { whitespaceClass } from "../values/text.ts";

const notSpace = new RegExp(`[^${whitespaceClass}]`);

type Predicate = (text: string) => boolean;

const every =
  (pattern: RegExp): Predicate =>
  (text) =>
    pattern.test(text);

/** Has a cased character, and none of the other case. */
const cased =
  (fold: (text: string) => string): Predicate =>
  (text) =>
    fold(text) === text && text.toLowerCase() !== text.toUpperCase();

function isTitle(text: string): boolean {
  let previousCased = false;
  let found = false;
  for (const char of text) {
    const upper = char !== char.toLowerCase();
    const lower = char !== char.toUpperCase();
    if (upper && previousCased) return false;
    if (lower && !upper && !previousCased) return false;
    if (upper || lower) found = true;
    previousCased = upper || lower;
  }
  return found;
}

const predicates: readonly (readonly [string, Predicate])[] = [
  ["isalnum", every(/^[\p{L}\p{N}]+$/u)],
  ["isalpha", every(/^\p{L}+$/u)],
  ["isascii", every(/^[\0-\x7f]*$/)],
  ["isdecimal", every(/^\p{Nd}+$/u)],
  ["isdigit", every(/^[\p{Nd}\u00b2\u00b3\u00b9\u2070\u2074-\u2079\u2080-\u2089]+$/u)],
  ["isidentifier", every(/^[\p{ID_Start}_]\p{ID_Continue}*$/u)],
  ["islower", cased((text) => text.toLowerCase())],
  ["isnumeric", every(/^\p{N}+$/u)],
  ["isprintable", every(/^[^\p{C}\p{Zl}\p{Zp}\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]*$/u)],
  ["isspace", (text) => text !== "" && !notSpace.test(text)],
  ["istitle", isTitle],
  ["isupper", cased((text) => text.toUpperCase())],
];

/** `str.isalpha` and its kin. */
export const textPredicates: BuiltinTable = builtinTable(
  predicates.map(([name, predicate]) => [
    name,
    "self",
    ({ budget }, [self]) => {
      const text = textOf(self ?? null) ?? "";
      budget.charge(text.length / 8);
      return predicate(text);
    },
  ]),
);
