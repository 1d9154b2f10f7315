import { z } from "zod";
import { canonicalJson } from "../../kernel/index.ts";
import type { FactValue } from "../facts/fact.ts";
import { isSecretReference } from "./support.ts";

const scalar = z.union([z.string().max(2000), z.number(), z.boolean(), z.null()]);
const pattern = z
  .string()
  .min(1)
  .max(500)
  .refine((text) => compiles(text), "this is no regular expression");

/** What a declarative rule may ask of a value: every operator given has to hold. */
export const operatorsSchema = z
  .strictObject({
    exists: z.boolean().optional().describe("there is a value, or there is none"),
    equals: scalar.optional(),
    "not-equals": scalar.optional(),
    "one-of": z.array(scalar).min(1).max(500).optional(),
    "none-of": z.array(scalar).min(1).max(500).optional(),
    "at-least": z.number().optional(),
    "at-most": z.number().optional(),
    matches: pattern.optional().describe("a regular expression that is found in the text"),
    "not-matches": pattern.optional(),
    contains: scalar.optional().describe("the list has the item, or the text the part"),
    "not-contains": scalar.optional(),
    "min-items": z.int().min(0).optional(),
    "max-items": z.int().min(0).optional(),
    "is-secret": z.boolean().optional().describe("the value is a ${secret:…} reference"),
  })
  .refine((operators) => Object.values(operators).some((value) => value !== undefined), "name an operator");

/** See {@link operatorsSchema}. */
export type Operators = z.infer<typeof operatorsSchema>;

function compiles(text: string): boolean {
  try {
    return new RegExp(text, "u") instanceof RegExp;
  } catch {
    return false;
  }
}

function same(left: FactValue, right: FactValue): boolean {
  return left === right || canonicalJson(left) === canonicalJson(right);
}

function holdsIn(value: FactValue, part: FactValue): boolean {
  if (typeof value === "string") return typeof part === "string" && value.includes(part);
  return Array.isArray(value) && value.some((item: FactValue) => same(item, part));
}

type Test = (value: FactValue, wanted: never) => boolean;

const found = (value: FactValue, wanted: string): boolean =>
  typeof value === "string" && new RegExp(wanted, "u").test(value);

const tests: Readonly<Record<Exclude<keyof Operators, "exists">, Test>> = {
  equals: (value, wanted) => same(value, wanted),
  "not-equals": (value, wanted) => !same(value, wanted),
  "one-of": (value, wanted: readonly FactValue[]) => wanted.some((item) => same(item, value)),
  "none-of": (value, wanted: readonly FactValue[]) => !wanted.some((item) => same(item, value)),
  "at-least": (value, wanted: number) => typeof value === "number" && value >= wanted,
  "at-most": (value, wanted: number) => typeof value === "number" && value <= wanted,
  matches: found,
  "not-matches": (value, wanted: string) => typeof value === "string" && !found(value, wanted),
  contains: holdsIn,
  "not-contains": (value, wanted) => !holdsIn(value, wanted),
  "min-items": (value, wanted: number) => Array.isArray(value) && value.length >= wanted,
  "max-items": (value, wanted: number) => Array.isArray(value) && value.length <= wanted,
  "is-secret": (value, wanted: boolean) => isSecretReference(value) === wanted,
};

/** What each operator asks of a value, in words that go after "it has to". */
const words: Readonly<Record<keyof typeof tests, string>> = {
  equals: "be",
  "not-equals": "be other than",
  "one-of": "be one of",
  "none-of": "be none of",
  "at-least": "be at least",
  "at-most": "be at most",
  matches: "match",
  "not-matches": "be a text that does not match",
  contains: "contain",
  "not-contains": "not contain",
  "min-items": "have as many items as",
  "max-items": "have no more items than",
  "is-secret": "be a reference to a secret:",
};

/**
 * The first operator that a value does not satisfy, in words such as `be at most 15`.
 *
 * @returns `undefined` where all hold. `exists` is not looked at: that there is a value is known
 */
export function unsatisfied(value: FactValue, operators: Operators): string | undefined {
  for (const [name, wanted] of Object.entries(operators)) {
    if (name === "exists" || wanted === undefined) continue;
    const operator = name as keyof typeof tests;
    const test = tests[operator] as (value: FactValue, wanted: unknown) => boolean;
    if (!test(value, wanted)) return `${words[operator]} ${JSON.stringify(wanted)}`;
  }
  return undefined;
}
