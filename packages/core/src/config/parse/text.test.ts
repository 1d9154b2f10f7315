import { describe, expect, test } from "vitest";
import { engineOf, engineOn, failure, MemoryFiles } from "../testing/workspace.ts";
import { defaultLimits } from "./limits.ts";
import { decodeText } from "./text.ts";

const bytes = (...parts: (string | number[])[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.from(part))));

describe("decodeText", () => {
  test.each([
    ["ASCII", bytes("a: 1\n"), "a: 1\n"],
    ["nothing", bytes(), ""],
    ["several bytes a character", bytes("é€😀"), "é€😀"],
    ["a byte order mark, which is dropped", bytes([0xef, 0xbb, 0xbf], "a: 1"), "a: 1"],
    ["a byte order mark alone", bytes([0xef, 0xbb, 0xbf]), ""],
  ])("reads %s", (_, given, text) => {
    expect(decodeText(given, "a.yml", defaultLimits)).toBe(text);
  });

  test.each([
    ["at the start", bytes([0xff], "a"), 1, 1, "byte 1 "],
    ["behind ASCII", bytes("ab: ", [0x80]), 1, 5, "byte 5 "],
    ["in a later line", bytes("a: 1\nb: ", [0xc3, 0x28]), 2, 4, "byte 9 "],
    ["behind CRLF", bytes("a: 1\r\nb: ", [0xff]), 2, 4, "byte 10 "],
    ["behind a lone CR", bytes("a: 1\rb: ", [0xff]), 2, 4, "byte 9 "],
    ["behind characters of several bytes", bytes("é€😀", [0xff]), 1, 5, "byte 10 "],
    ["behind a byte order mark", bytes([0xef, 0xbb, 0xbf], "a: ", [0xff]), 1, 4, "byte 7 "],
    ["a character cut off at the end", bytes("a: ", [0xe2, 0x82]), 1, 4, "byte 4 "],
    ["a character cut off by another", bytes("é", [0xe2, 0x82], "é"), 1, 2, "byte 3 "],
    ["a surrogate", bytes("a", [0xed, 0xa0, 0x80]), 1, 2, "byte 2 "],
    ["an overlong form", bytes("a", [0xc0, 0x80]), 1, 2, "byte 2 "],
    ["beyond Unicode", bytes("a", [0xf5, 0x80, 0x80, 0x80]), 1, 2, "byte 2 "],
    ["Latin-1", bytes("name: M", [0xfc], "ller\n"), 1, 8, "byte 8 "],
    ["UTF-16 little endian", bytes([0xff, 0xfe, 0x61, 0x00]), 1, 1, "UTF-16"],
    ["UTF-16 big endian", bytes([0xfe, 0xff, 0x00, 0x61]), 1, 1, "UTF-16"],
    ["the last byte of many", bytes("x".repeat(100_000), [0xff]), 1, 100_001, "byte 100001 "],
  ])("finds the first byte that is not UTF-8: %s", (_, given, line, column, message) => {
    const error = failure(() => decodeText(given, "a.yml", defaultLimits));
    expect(error).toMatchObject({ code: "file.encoding", where: { file: "a.yml", line, column } });
    expect(error.message).toContain(message);
  });
});

describe("a file beyond the limit is refused and not read", () => {
  class Huge extends MemoryFiles {
    readonly #path: string;

    constructor(path: string, tree: Readonly<Record<string, string>>) {
      super({ "lotse.yml": "version: 1\nschema: schema.json\n", "schema.json": "{}", ...tree, [path]: "" });
      this.#path = path;
    }

    override size(path: string): number | undefined {
      return path === this.#path ? 50 * 1024 * 1024 : super.size(path);
    }
  }

  test.each(["lotse.yml", "schema.json", "environments/base.yml", "environments/dev/dev.yml"])(
    "%s",
    (path) => {
      const files = new Huge(path, { "environments/dev/dev.yml": "a: 1\n" });
      expect(failure(() => engineOn(files).resolve({ environment: "dev" }))).toMatchObject({
        code: "file.too-large",
        where: { file: path, line: 1, column: 1 },
      });
      expect(files.reads).not.toContain(path);
    },
  );

  test("a file that is referred to", () => {
    const files = new Huge("environments/big.txt", { "environments/dev/dev.yml": "a: ${file:../big.txt}\n" });
    const { diagnostics } = engineOn(files).resolve({ environment: "dev" });
    expect(diagnostics).toMatchObject([
      {
        code: "reference.denied",
        where: { file: "environments/dev/dev.yml", line: 1, column: 4, path: "a" },
      },
    ]);
    expect(files.reads).not.toContain("environments/big.txt");
  });

  test("the limit of lotse.yml holds for layers", () => {
    const engine = engineOf({
      "lotse.yml": "version: 1\nlimits: {max-file-bytes: 10}\n",
      "environments/dev/dev.yml": "a: 12345678\n",
    });
    expect(failure(() => engine.resolve({ environment: "dev" })).code).toBe("file.too-large");
  });
});

test.each([
  ["a byte order mark", bytes([0xef, 0xbb, 0xbf], "a: [\n"), "parse.syntax", 2, 1],
  ["invalid UTF-8", bytes("a: 1\nb: ", [0xff]), "file.encoding", 2, 4],
  ["UTF-16", bytes([0xff, 0xfe, 0x61, 0x00]), "file.encoding", 1, 1],
  ["UTF-16 without a byte order mark", bytes([0x61, 0x00, 0x3a, 0x00]), "parse.syntax", 1, 2],
  ["a NUL byte", bytes("a: 1\nb: \0\n"), "parse.syntax", 2, 4],
])("a layer with %s is an error with a place", (_, content, code, line, column) => {
  const engine = engineOf({ "environments/dev/dev.yml": content });
  expect(failure(() => engine.resolve({ environment: "dev" }))).toMatchObject({
    code,
    where: { file: "environments/dev/dev.yml", line, column },
  });
});
