import { afterAll, describe, expect, test } from "vitest";
import { type Case, outcomeOf } from "./testing/cases.ts";
import { Choices, randomExpression, randomTemplate } from "./testing/generator.ts";
import { generatorContext, generatorTemplates } from "./testing/vocabulary.ts";
import { type PythonOutcome, PythonReference } from "./testing/python-reference.ts";

/**
 * Renders random expressions and templates here and with Python's Jinja2: equal output, or both fail.
 * JINJA_SEED and JINJA_EXPRESSIONS make it another or a longer run.
 */
const seed = Number(process.env["JINJA_SEED"] ?? 20_261_121);
const expressions = Number(process.env["JINJA_EXPRESSIONS"] ?? 10_000);
const templates = Math.ceil(expressions / 4);

const reference = new PythonReference();
afterAll(() => reference.close());

const undefinedClasses = ["Undefined", "StrictUndefined", "ChainableUndefined", "DebugUndefined"];

function makeCase(choices: Choices, number: number, source: string, layout: boolean): Case {
  const opts = {
    autoescape: choices.next() < 0.2,
    ...(layout ? { trim_blocks: choices.next() < 0.3, lstrip_blocks: choices.next() < 0.3 } : {}),
  };
  const env = {
    opts,
    undefined: choices.pick(undefinedClasses),
    extensions: ["do", "loopcontrols"],
    templates: generatorTemplates,
  };
  return { id: `${number}`, source, ctx: generatorContext, env };
}

/** What cannot be compared: addresses in the output, and complex numbers, which templates have no other use for. */
function isIncomparable(python: PythonOutcome, ours: { out: string } | { error: string }): boolean {
  if (/ at 0x|<(?:generator|built-in|\w*reverse\w*|range_iterator)|object>/.test(python.out ?? ""))
    return true;
  return /\d[+-][\d.e-]+j\)/.test(python.out ?? "") && "error" in ours;
}

function difference(item: Case, python: PythonOutcome): object | undefined {
  const ours = outcomeOf(item);
  if (isIncomparable(python, ours)) return undefined;
  const same = "error" in ours ? python.error !== undefined : ours.out === python.out;
  return same ? undefined : { source: item.source, env: item.env?.opts, python, ours };
}

async function differences(cases: readonly Case[]): Promise<readonly object[]> {
  const found: object[] = [];
  for (let start = 0; start < cases.length; start += 500) {
    const batch = cases.slice(start, start + 500);
    const answers = await reference.render(batch);
    for (const [i, item] of batch.entries()) {
      const python = answers[i];
      const result = python === undefined ? { missing: item } : difference(item, python);
      if (result !== undefined) found.push(result);
    }
  }
  return found;
}

describe(`the same as Python's Jinja2, seed ${seed}`, () => {
  test(`${expressions} expressions`, { timeout: 600_000 }, async () => {
    const choices = new Choices(seed);
    const cases = Array.from({ length: expressions }, (_, i) => {
      const source = `{{ ${randomExpression(choices, 1 + choices.below(4))} }}`;
      return makeCase(choices, i, source, false);
    });
    expect(await differences(cases)).toEqual([]);
  });

  test(`${templates} templates`, { timeout: 600_000 }, async () => {
    const choices = new Choices(seed + 1);
    const cases = Array.from({ length: templates }, (_, i) =>
      makeCase(choices, i, randomTemplate(choices, 2 + choices.below(2)), true),
    );
    expect(await differences(cases)).toEqual([]);
  });
});
