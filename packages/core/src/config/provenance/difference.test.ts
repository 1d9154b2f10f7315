import { describe, expect, test } from "vitest";
import { toPlain } from "../model/plain.ts";
import { engineOf, stack } from "../testing/workspace.ts";
import { compare } from "./difference.ts";

const read = (text: string) => engineOf(stack([text])).resolve({ environment: "dev" }).root;

describe("compare", () => {
  test.each<[string, string, string, readonly (readonly [string, string, unknown, unknown])[]]>([
    ["nothing", "a: {b: [1]}", "a: {b: [1]}", []],
    ["another order of keys", "a: 1\nb: 2", "b: 2\na: 1", []],
    ["a changed value", "a: {b: 1}", "a: {b: 2}", [["a.b", "changed", 1, 2]]],
    ["an added key", "a: {}", "a: {b: 1}", [["a.b", "added", undefined, 1]]],
    ["a removed key", "a: {b: 1}", "a: {}", [["a.b", "removed", 1, undefined]]],
    [
      "an added branch, value by value",
      "{}",
      "a: {b: 1, c: {d: 2}}",
      [
        ["a.b", "added", undefined, 1],
        ["a.c.d", "added", undefined, 2],
      ],
    ],
    ["an added empty map", "{}", "a: {}", [["a", "added", undefined, {}]]],
    [
      "an item of lists of the same length",
      "a: [1, {b: 2}]",
      "a: [1, {b: 3}]",
      [["a[1].b", "changed", 2, 3]],
    ],
    ["lists of different lengths, as a whole", "a: [1]", "a: [1, 2]", [["a", "changed", [1], [1, 2]]]],
    ["another kind", "a: {b: 1}", "a: [1]", [["a", "changed", { b: 1 }, [1]]]],
    ["null and absent", "a: null", "{}", [["a", "removed", null, undefined]]],
    ["the same number in another text", "a: 1.1", "a: 1.10", [["a", "changed", 1.1, 1.1]]],
    ["an integer and a text", "a: 1", "a: '1'", [["a", "changed", 1, "1"]]],
    ["keys that need quotes", '"a.b": 1', '"a.b": 2', [['["a.b"]', "changed", 1, 2]]],
  ])("%s", (_, left, right, expected) => {
    const found = compare(read(left), read(right)).map((each) => [
      each.path,
      each.kind,
      each.left === undefined ? undefined : toPlain(each.left),
      each.right === undefined ? undefined : toPlain(each.right),
    ]);
    expect(found).toEqual(expected);
  });

  test("handles on secrets compare by what they name", () => {
    expect(compare(read("a: ${secret:x}"), read("a: ${secret:x}"))).toEqual([]);
    expect(compare(read("a: ${secret:x}"), read("a: ${secret:y}"))).toMatchObject([
      { path: "a", kind: "changed" },
    ]);
  });
});
