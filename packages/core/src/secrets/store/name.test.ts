import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nameOfLeaf, sopsPathOf } from "./leaf-names.ts";
import { formatSecretName, isPlainName, nameOfReference, parseSecretName } from "./name.ts";

describe("the name of a secret", () => {
  it.each<readonly [name: string, path: readonly string[]]>([
    ["a", ["a"]],
    ["spotify.api_key", ["spotify", "api_key"]],
    [`"a.b"`, ["a.b"]],
    [`"api.example.com".token`, ["api.example.com", "token"]],
    [`x."two words".0`, ["x", "two words", "0"]],
    [`"say \\"hi\\" \\\\"`, [`say "hi" \\`]],
    [`""`, [""]],
    [`"ä/ö"`, ["ä/ö"]],
  ])("%s is a path, and the other way round", (name, path) => {
    expect(parseSecretName(name)).toEqual(path);
    expect(formatSecretName(path)).toBe(name);
  });

  it("may quote more than it must", () => {
    expect(parseSecretName(`"a"."b"`)).toEqual(["a", "b"]);
  });

  it.each([
    "",
    ".",
    "a.",
    ".a",
    "a..b",
    "a b",
    "a/b",
    `"a`,
    `a"b"`,
    `"a"b`,
    `"a".`,
    `"\\x"`,
    `"__proto__"`,
    "a.__proto__",
    "ä",
  ])("%j is none", (name) => {
    expect(() => parseSecretName(name)).toThrow(expect.objectContaining({ code: "secret.name" }) as Error);
  });

  it("of any path reads back as that path", () => {
    const key = fc.string({ unit: "grapheme", maxLength: 60 }).filter((text) => text !== "__proto__");
    fc.assert(
      fc.property(fc.array(key, { minLength: 1, maxLength: 8 }), (path) => {
        const name = formatSecretName(path);
        expect(parseSecretName(name)).toEqual(path);
        expect(isPlainName(path)).toBe(!name.includes('"'));
      }),
    );
  });

  it("of a reference is as before, slashes as dots", () => {
    expect(nameOfReference({ path: "db/main", field: "password" })).toBe("db.main.password");
  });
});

describe("the name of a value in an INI file", () => {
  it.each<readonly [path: readonly string[], name: string]>([
    [["DEFAULT", "key"], "key"],
    [["db", "key"], "db.key"],
    [["db", "main.key"], "db.main.key"],
    [["db.main", "key"], `"db.main".key`],
    [["db", "two words"], `db."two words"`],
  ])("%j is %s, and leads back there", (path, name) => {
    expect(nameOfLeaf(path, "ini")).toBe(name);
    expect(sopsPathOf(parseSecretName(name), "ini")).toEqual(path);
  });
});
