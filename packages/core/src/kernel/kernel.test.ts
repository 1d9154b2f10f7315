import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { allCodes, exitStatuses } from "./codes.ts";
import { systemClock } from "./clock.ts";
import { diagnosticOf, errorOf } from "./diagnostic.ts";
import { formatWhere, LotseError } from "./error.ts";
import { systemExec } from "./exec.ts";
import { formatScope } from "./scope.ts";
import { Sensitive } from "./sensitive.ts";

describe("Sensitive", () => {
  it("shows its content to nobody but reveal()", () => {
    const secret = new Sensitive("hunter2");
    const shown = [
      String(secret),
      "".concat(secret.toString()),
      JSON.stringify({ secret }),
      inspect(secret),
      inspect({ deep: [secret] }, { showHidden: true }),
      Object.values(secret).join(""),
    ];
    for (const text of shown) expect(text).not.toContain("hunter2");
    expect(secret.reveal()).toBe("hunter2");
  });
});

describe("errors", () => {
  it("every code leads to a status of the table, and says what it means", () => {
    const known = new Set<number>(Object.values(exitStatuses));
    const codes = allCodes();
    expect(new Set(codes.map(({ code }) => code)).size).toBe(codes.length);
    for (const { exit, meaning } of codes) {
      expect(known).toContain(exit);
      expect(meaning.length).toBeGreaterThan(10);
    }
  });

  it("become findings and back", () => {
    const error = new LotseError({
      code: "parse.syntax",
      message: "m",
      hint: "h",
      where: { file: "a", line: 1, column: 2 },
      related: [{ file: "b" }],
    });
    expect(diagnosticOf(errorOf(diagnosticOf(error)))).toEqual(diagnosticOf(error));
    expect(error.exitStatus).toBe(exitStatuses.input);
  });

  it.each([
    [{ file: "a", line: 1, column: 2 }, "a:1:2"],
    [{ file: "a", line: 1 }, "a:1"],
    [{ file: "a" }, "a"],
    [{ path: "x.y" }, "x.y"],
    [undefined, ""],
  ])("the place %j is written %s", (where, text) => expect(formatWhere(where)).toBe(text));

  it("scopes are written as the command line takes them", () => {
    expect(formatScope({ environment: "prod" })).toBe("prod");
    expect(formatScope({ environment: "prod", tenant: "acme" })).toBe("prod:acme");
  });
});

describe("systemExec", () => {
  const node = process.execPath;

  it("gives status and output, and takes input", async () => {
    const echo = "process.stdin.pipe(process.stdout); process.exitCode = 3";
    expect(await systemExec(node, ["-e", echo], { input: "a;$(b)" })).toMatchObject({
      status: 3,
      stdout: "a;$(b)",
    });
    expect(await systemExec(node, ["-p", "process.argv[1]", "$HOME; *"], {})).toMatchObject({
      status: 0,
      stdout: "$HOME; *\n",
    });
  });

  it.each([
    ["a program that is not there", "no-such-program", [], {}],
    ["one that takes too long", node, ["-e", "setInterval(() => {}, 1000)"], { timeoutMs: 100 }],
    [
      "one that says too much",
      node,
      ["-e", "process.stdout.write('x'.repeat(100000))"],
      { maxOutputBytes: 1000 },
    ],
  ])("%s is an error with a hint", async (_, program, args, options) => {
    await expect(systemExec(program, args, options)).rejects.toMatchObject({
      code: "machine.exec",
      hint: expect.stringContaining("doctor") as unknown,
    });
  });
});

describe("systemClock", () => {
  it("sleeps, and is woken by its signal", async () => {
    await systemClock.sleep(1);
    const stop = new AbortController();
    const asleep = systemClock.sleep(60_000, stop.signal);
    stop.abort(new Error("enough"));
    await expect(asleep).rejects.toThrow("enough");
    await expect(systemClock.sleep(1, stop.signal)).rejects.toThrow("enough");
  });
});
