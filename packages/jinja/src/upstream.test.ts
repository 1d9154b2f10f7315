import { describe, expect, test } from "vitest";
import { JinjaError } from "./errors.ts";
import { type UpstreamCase, readUpstreamCases, renderUpstream } from "./testing/upstream.ts";

/**
 * The renderings of Jinja2's own test suite, recorded from version 3.1.2
 * (https://github.com/pallets/jinja, Copyright 2007 Pallets, BSD-3-Clause).
 */
const cases = readUpstreamCases();

/** Renderings that differ, by test and number of cases: all of them show Python's objects, not the language. */
const differences: ReadonlyMap<string, { readonly cases: number; readonly why: string }> = new Map([
  [
    "tests/test_api.py::TestLowLevel::test_custom_context",
    { cases: 1, why: "looks variables up in a subclass of Python's Context" },
  ],
  [
    "tests/test_api.py::TestLowLevel::test_custom_code_generator",
    { cases: 1, why: "generates other Python code" },
  ],
  [
    "tests/test_api.py::TestUndefined::test_chainable_undefined",
    { cases: 3, why: "reads _undefined_name, which Python's own sandbox keeps from templates too" },
  ],
  [
    "tests/test_ext.py::TestAutoEscape::test_volatile_scoping",
    { cases: 2, why: "prints __class__.__name__, which the sandbox keeps from templates" },
  ],
]);

/** Python's exceptions that have another, narrower name here. */
const narrower: ReadonlyMap<string, string> = new Map([["OverflowError", "RangeLimitError"]]);

/** `undefined` = as recorded, else what came instead. */
function differenceOf(item: UpstreamCase): string | undefined {
  let output: string;
  try {
    output = renderUpstream(item);
  } catch (error) {
    if (!(error instanceof JinjaError)) throw error;
    const expected = item.error === undefined ? "an output" : item.error;
    return error.name === expected || error.name === narrower.get(expected) ? undefined : error.name;
  }
  return item.error === undefined && output === item.out ? undefined : output;
}

const tests: ReadonlyMap<string, readonly UpstreamCase[]> = Map.groupBy(cases, ({ id }) => id);

describe("Jinja2's own test suite", () => {
  test.each([...tests])("%s", (id, items) => {
    const differing = items.filter((item) => differenceOf(item) !== undefined);
    const shown = differing.map((item) => ({ source: item.source, got: differenceOf(item) }));
    if (differences.has(id)) expect(shown).toHaveLength(differences.get(id)?.cases ?? 0);
    else expect(shown).toEqual([]);
  });

  test("passes with at least 98 of 100 renderings", () => {
    const passed = cases.filter((item) => differenceOf(item) === undefined);
    expect(cases.length).toBeGreaterThanOrEqual(614);
    expect(passed.length / cases.length).toBeGreaterThanOrEqual(0.98);
  });
});
