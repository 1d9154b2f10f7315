import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { failure } from "../testing/workspace.ts";
import { formatPath, isForbiddenKey, parsePath } from "./path.ts";
import { nearest, suggest } from "./spelling.ts";

describe("parsePath", () => {
  test.each<[string, readonly string[]]>([
    ["", []],
    ["a", ["a"]],
    ["a.b.c", ["a", "b", "c"]],
    ["a[0].b", ["a", "0", "b"]],
    ["a.0.b", ["a", "0", "b"]],
    ["a[0][12]", ["a", "0", "12"]],
    ['a["b.c"].d', ["a", "b.c", "d"]],
    ['["a b"]', ["a b"]],
    ['a["x\\"y\\\\"]', ["a", 'x"y\\']],
    ['a["\\u00e9"]', ["a", "é"]],
    ['a[""]', ["a", ""]],
    ["a-b_c/d", ["a-b_c/d"]],
    ["toString.hasOwnProperty", ["toString", "hasOwnProperty"]],
  ])("%s", (text, path) => {
    expect(parsePath(text)).toEqual(path);
  });

  test.each([
    ".",
    "a.",
    ".a",
    "a..b",
    "a.[0]",
    "a[",
    "a[]",
    "a[x]",
    "a[-1]",
    "a[01]",
    "a[1",
    'a["b',
    'a["\\q"]',
    "a[0]b",
    "[0]b",
    "a".repeat(4097),
    Array.from({ length: 257 }, () => "a").join("."),
  ])("%j is not well formed", (text) => {
    expect(failure(() => parsePath(text))).toMatchObject({
      code: "parse.path",
      where: { path: text.slice(0, 200) },
    });
  });

  test.each(["__proto__", "a.constructor", 'a["prototype"]', 'a["\\u005f_proto__"]', "[0].__proto__"])(
    "%s is refused",
    (text) => {
      expect(failure(() => parsePath(text)).message).toContain("is not allowed");
    },
  );

  test("reads back what formatPath writes", () => {
    const key = fc.string({ unit: "grapheme", maxLength: 20 }).filter((name) => !isForbiddenKey(name));
    fc.assert(
      fc.property(fc.array(key, { maxLength: 8 }), (path) => {
        expect(parsePath(formatPath(path))).toEqual(path);
      }),
    );
  });

  test("many brackets end", () => {
    expect(failure(() => parsePath("[".repeat(4000))).code).toBe("parse.path");
    expect(failure(() => parsePath(`a${'["\\\\'.repeat(1000)}`)).code).toBe("parse.path");
  });
});

describe("nearest", () => {
  test.each([
    ["postgresq", "postgresql"],
    ["POSTGRESQL", "postgresql"],
    ["redsi", undefined],
    ["reds", "redis"],
    ["x", undefined],
    ["", undefined],
    ["completely-other", undefined],
  ])("%s: %s", (name, expected) => {
    expect(nearest(name, ["postgresql", "redis"])).toBe(expected);
  });

  test("suggest lists some of what there is", () => {
    expect(suggest("x", [])).toBe("there is none");
    expect(suggest("x", ["aa", "bb"])).toBe("there are aa, bb");
    expect(
      suggest(
        "zzzzz",
        Array.from({ length: 20 }, (_, index) => `name${index}`),
      ),
    ).toMatch(/name11, …$/u);
  });
});
