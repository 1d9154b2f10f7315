import { describe, expect, test } from "vitest";
import { outcomeOf, readCases } from "./testing/cases.ts";

/** Python's exceptions that have another, narrower name here. */
const narrower: ReadonlyMap<string, readonly string[]> = new Map([
  ["OverflowError", ["RangeLimitError"]],
  ["AssertionError", ["TypeError"]],
  ["UndefinedError", ["SecurityError"]],
  ["SyntaxError", ["TemplateSyntaxError", "TemplateAssertionError"]],
]);

describe.each(["infrastructure-cases.json", "golden-cases.json"])("%s", (file) => {
  test.each(readCases(file).map((item) => [item.id, item.source, item] as const))(
    "%s %s",
    (_id, _source, item) => {
      const outcome = outcomeOf(item);
      if (item.error === undefined) expect(outcome).toEqual({ out: item.out });
      else {
        const allowed = [item.error, ...(narrower.get(item.error) ?? [])];
        expect(outcome).toHaveProperty("error");
        expect(allowed).toContain((outcome as { error: string }).error);
      }
    },
  );
});
