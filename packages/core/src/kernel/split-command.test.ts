import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { splitCommand } from "./split-command.ts";

describe("a command", () => {
  test.each([
    ["vi", ["vi"]],
    ["  nano   -w ", ["nano", "-w"]],
    ["code\t--wait", ["code", "--wait"]],
    [`'/opt/my editor/ed' "two words" a\\ b`, ["/opt/my editor/ed", "two words", "a b"]],
    [`e -c 'set "x" $y' "it's \\"q\\" \\$z \\n"`, ["e", "-c", `set "x" $y`, `it's "q" $z \\n`]],
    [`e ''`, ["e", ""]],
    [`e a'b'"c"d`, ["e", "abcd"]],
  ])("splits %j", (text, argv) => {
    expect(splitCommand(text, "EDITOR", "secret.editor")).toEqual(argv);
  });

  test.each([
    "",
    "  ",
    "'open",
    'a "open',
    "a; rm -rf /",
    "a | b",
    "a $(id)",
    "a `id`",
    "a $HOME",
    "a > b",
    "a\\",
    "''",
  ])("refuses %j", (text) => {
    expect(() => splitCommand(text, "EDITOR", "secret.editor")).toThrowError(
      expect.objectContaining({ code: "secret.editor" }),
    );
  });

  test("any arguments in single quotes come back as they were", () => {
    const quote = (argument: string): string => `'${argument.replaceAll("'", `'\\''`)}'`;
    const argument = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(fc.array(argument), (list) => {
        const argv = ["editor", ...list];
        expect(splitCommand(argv.map(quote).join(" "), "EDITOR", "secret.editor")).toEqual(argv);
      }),
    );
  });
});
