import { describe, expect, it } from "vitest";
import { matcherOf } from "./glob.ts";

describe("matcherOf", () => {
  it.each([
    ["*.log", "a.log", true],
    ["*.log", "deep/in/a.log", true],
    ["*.log", "a.logs", false],
    ["node_modules", "x/node_modules/y/z.js", true],
    ["node_modules/", "node_modules", true],
    ["/dist", "dist/a.js", true],
    ["/dist", "x/dist/a.js", false],
    ["test/**/*.snap", "test/a/b/c.snap", true],
    ["test/**/*.snap", "test/c.snap", true],
    ["test/**/*.snap", "x/test/c.snap", false],
    ["**/tmp", "a/b/tmp/c", true],
    ["a?c", "abc", true],
    ["a?c", "a/c", false],
    ["a.c", "abc", false],
    ["(x)+[y]", "(x)+[y]", true],
    ["./a-b", "a-b", true],
  ])("%s and %s: %s", (pattern, path, fits) => expect(matcherOf([pattern])(path)).toBe(fits));

  it("fits nothing without patterns", () => expect(matcherOf([])("a")).toBe(false));
});
