import { describe, expect, test } from "vitest";
import { engineOf, failure, stack } from "../testing/workspace.ts";

const open = (schema: string): unknown =>
  engineOf(stack(["x: 1\n", "x: 1\n"], schema)).resolve({ environment: "dev" });

describe("the layers of x-overridable-by", () => {
  test.each([
    ["a property", "properties:\n  x: {x-overridable-by: [l0, l9]}\n", 2, 30],
    [
      "a definition",
      "$defs:\n  d:\n    items:\n      anyOf:\n        - x-overridable-by: [tenannt]\n",
      5,
      30,
    ],
    ["a pattern", "patternProperties:\n  '^x': {x-overridable-by: [l0, L1]}\n", 2, 33],
  ])("have to be layers of the workspace: %s", (_, schema, line, column) => {
    expect(failure(() => open(schema))).toMatchObject({
      code: "schema.invalid",
      message: expect.stringContaining("there is no layer"),
      where: { line, column },
    });
  });

  test("are told by a hint with the nearest", () => {
    expect(failure(() => open("properties: {x: {x-overridable-by: [l11]}}")).hint).toContain("l1");
  });

  test.each([
    ["layers that there are", "properties: {x: {x-overridable-by: [l0, l1]}}"],
    ["none at all", "properties: {x: {x-overridable-by: []}}"],
    ["a property of that name", "properties: {x-overridable-by: {type: array}}"],
    ["data", "properties: {x: {default: {x-overridable-by: [nobody]}}}"],
  ])("are fine: %s", (_, schema) => {
    expect(() => open(schema)).not.toThrow();
  });
});
