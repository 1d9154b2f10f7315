import { z } from "zod";
import { parsePath } from "../../config/index.ts";
import { isLotseError } from "../../kernel/index.ts";
import { pathPrefix } from "../facts/catalogue.ts";
import { shortly } from "../facts/configuration.ts";
import type { FactValues } from "../facts/fact.ts";
import { severities } from "../model.ts";
import type { PolicyFile } from "../read-file.ts";
import type { Check } from "./check.ts";
import { operatorsSchema, unsatisfied, type Operators } from "./operators.ts";
import type { FactView } from "./reader.ts";
import { fail, notApplicable, pass } from "./verdict.ts";

const subject = {
  path: z.string().min(1).max(4096).refine(isPath, "this is no configuration path").optional(),
  fact: z.string().min(1).max(200).optional(),
};

const clause = z.strictObject({ ...subject, ...operatorsSchema.shape }).transform((value, context) => {
  const { path, fact, ...rest } = value;
  if ((path === undefined) === (fact === undefined)) {
    context.addIssue({ code: "custom", message: "name either `path` or `fact`" });
    return z.NEVER;
  }
  const operators = operatorsSchema.safeParse(rest);
  if (!operators.success) {
    for (const issue of operators.error.issues)
      context.addIssue({ code: "custom", message: issue.message, path: issue.path });
    return z.NEVER;
  }
  return { fact: fact ?? `${pathPrefix}${path ?? ""}`, operators: operators.data };
});

const clauses = z.union([clause.transform((one) => [one]), z.array(clause).min(1).max(100)]);

/** The schema of `policy/checks/*.yml`. */
export const declarationFile = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/u, "use lower-case letters, digits and dashes"),
  title: z.string().min(1).max(300),
  severity: z.enum(severities),
  why: z.string().min(1).max(2000),
  remedy: z.string().min(1).max(2000),
  when: clauses.optional().describe("all have to hold, or the check does not apply"),
  assert: clauses.describe("all have to hold"),
  examples: z
    .strictObject({
      pass: z.record(z.string(), z.json()),
      fail: z.record(z.string(), z.json()),
    })
    .describe("values by path or fact"),
});

interface Clause {
  readonly fact: string;
  readonly operators: Operators;
}

/** Makes a check of a declarative rule. */
export function checkOfDeclaration({ value }: PolicyFile<z.infer<typeof declarationFile>>): Check {
  const { id, title, severity, why, remedy, examples } = value;
  const when: readonly Clause[] = value.when ?? [];
  const assert: readonly Clause[] = value.assert;
  const all = [...when, ...assert];
  const mayMiss = new Set(
    all.filter(({ operators }) => operators.exists !== undefined).map(({ fact }) => fact),
  );
  const names = [...new Set(all.map(({ fact }) => fact))];
  const required = names.filter((name) => !mayMiss.has(name));
  return {
    id,
    title,
    severity,
    why,
    remedy,
    facts: required,
    optional: names.filter((name) => mayMiss.has(name)),
    rule: (facts) => {
      for (const each of when) {
        const problem = problemOf(facts, each);
        if (problem !== undefined) return notApplicable(`it is about another case: ${problem}`);
      }
      for (const each of assert) {
        const problem = problemOf(facts, each);
        if (problem !== undefined) return fail(problem);
      }
      return pass(assert.length === 1 ? "it holds" : `all ${assert.length} hold`);
    },
    examples: { pass: named(examples.pass, names), fail: named(examples.fail, names) },
  };
}

function problemOf(facts: FactView, { fact, operators }: Clause): string | undefined {
  const shown = fact.startsWith(pathPrefix) ? fact.slice(pathPrefix.length) : fact;
  if (operators.exists !== undefined) {
    const there = facts.has(fact) && facts.value(fact) !== null;
    if (there !== operators.exists) return there ? `there is a ${shown}` : `there is no ${shown}`;
    if (!there) return undefined;
  }
  const value = facts.value(fact);
  const missed = unsatisfied(value, operators);
  return missed === undefined ? undefined : `${shown} is ${shortly(value)}; it has to ${missed}`;
}

/** Examples are written by path, as the clauses are. */
function named(values: Readonly<Record<string, unknown>>, names: readonly string[]): FactValues {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      names.includes(key) ? key : `${pathPrefix}${key}`,
      value as FactValues[string],
    ]),
  );
}

function isPath(text: string): boolean {
  try {
    return parsePath(text).length > 0;
  } catch (error) {
    if (isLotseError(error)) return false;
    throw error;
  }
}
