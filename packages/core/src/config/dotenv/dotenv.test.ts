import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TextSource } from "../model/source.ts";
import { Policy } from "../schema/policy.ts";
import { checkDotenv } from "./check.ts";
import { planExample } from "./example.ts";
import { importVariables } from "./import.ts";
import { variableName } from "../schema/variable-path.ts";
import { parseDotenv } from "./reader.ts";
import { writeDotenv, writeValue } from "./writer.ts";

const read = (text: string): Record<string, string> =>
  Object.fromEntries(parseDotenv(new TextSource(".env", text)).map(({ name, value }) => [name, value]));

const anyText = fc.string({ unit: "binary" }).map((text) => text.replaceAll("\0", "").toWellFormed());
const nastyText = fc
  .array(fc.constantFrom("'", '"', "\\", "$", "`", "#", "=", "\n", "\r", " ", "a", "${x}", "\\n", "é"))
  .map((parts) => parts.join(""));

describe("parseDotenv", () => {
  it.each([
    ["A=1", { A: "1" }],
    ["export A=1\r\nB=two words # note\r\n", { A: "1", B: "two words" }],
    ["A=a#b\nB=#c\nC= # d", { A: "a#b", B: "#c", C: "" }],
    ["A='a # b'\nB=\"x\\ny\\$z\"", { A: "a # b", B: "x\ny$z" }],
    ["A='one\ntwo'\n", { A: "one\ntwo" }],
    ["A=a=b=c", { A: "a=b=c" }],
    ["# only\n\n", {}],
  ])("reads %j", (text, expected) => expect(read(text)).toEqual(expected));

  it.each([
    ["A=1\nA=2", "parse.duplicate-key", 2, 1],
    ["A=1\nnope", "dotenv.syntax", 2, 1],
    ["A=1\nB='x", "dotenv.syntax", 2, 3],
    ["A='x'y", "dotenv.syntax", 1, 6],
    ["1A=2", "dotenv.syntax", 1, 1],
    ["__proto__=1", "parse.forbidden-key", 1, 1],
    ["A='\0'", "dotenv.syntax", 1, 4],
    ["A = 1", "dotenv.syntax", 1, 2],
  ])("refuses %j", (text, code, line, column) => {
    expect(() => read(text)).toThrow(
      expect.objectContaining({ code, where: { file: ".env", line, column } }),
    );
  });
});

describe("writeDotenv", () => {
  it("round-trips every text", () => {
    const returns = fc.property(fc.oneof(anyText, nastyText), (value) => {
      expect(read(writeDotenv(new Map([["A", value]])))).toEqual({ A: value });
    });
    fc.assert(returns, { numRuns: 2000 });
  });

  it("is read alike by node --env-file, npm dotenv and sh, but where a comment says otherwise", async () => {
    const values = fc
      .sample(nastyText, { numRuns: 600, seed: 7 })
      .filter((value) => writeValue(value).beyond === undefined);
    expect(values.length).toBeGreaterThan(200);
    const variables = new Map(values.map((value, index) => [`V${index}`, value]));
    const directory = mkdtempSync(join(tmpdir(), "lotse-dotenv-"));
    const file = join(directory, ".env");
    const text = writeDotenv(variables);
    writeFileSync(file, text);
    const print =
      "process.stdout.write(JSON.stringify(Object.entries(process.env).filter(([name]) => /^V[0-9]+$/.test(name))))";
    const options = { encoding: "utf8", env: { PATH: process.env["PATH"] ?? "" } } as const;
    const byNode = execFileSync(process.execPath, [`--env-file=${file}`, "-e", print], options);
    const bySh = execFileSync(
      "/bin/sh",
      ["-c", 'set -a; . "$1"; exec "$2" -e "$3"', "sh", file, process.execPath, print],
      options,
    );
    const { parse } = await import("dotenv");
    const wanted = Object.fromEntries(variables);
    expect(Object.fromEntries(JSON.parse(byNode) as [string, string][])).toEqual(wanted);
    expect(Object.fromEntries(JSON.parse(bySh) as [string, string][])).toEqual(wanted);
    expect(parse(text)).toEqual(wanted);
    rmSync(directory, { recursive: true });
  });

  it.each([
    ["1A", "x"],
    ["__proto__", "x"],
    ["A", "\0"],
    ["A", "\uD800"],
  ])("refuses to write %j", (name, value) => {
    expect(() => writeDotenv(new Map([[name, value]]))).toThrow(
      expect.objectContaining({ code: "dotenv.unrepresentable" }),
    );
  });

  it("names paths that have no variable", () => expect(variableName(["a", "b-c", "0"])).toBe("A__B_C__0"));
});

const schema = {
  type: "object",
  properties: {
    port: { type: "integer", "x-env": "PORT", description: "The port." },
    db: {
      type: "object",
      properties: { password: { type: "string", "x-env": "DB_PASSWORD", "x-secret": true } },
    },
  },
};
const policy = new Policy(schema, [schema]);
const check = (text: string) =>
  checkDotenv(new TextSource(".env", text), parseDotenv(new TextSource(".env", text)), policy);

describe("checkDotenv", () => {
  it.each([
    ["PORT=1\nDB_PASSWORD=__set_me__", []],
    ["PORT=1\nDB_PASSWORD=${secret:db#password}", []],
    ["PORT=1", ["dotenv.missing"]],
    ["PORT=1\nDB_PASSWORD=hunter2", ["dotenv.placeholder"]],
    ["PORT=one\nDB_PASSWORD=", ["schema.coercion"]],
    ["PORT=1\nDB_PASSWORD=\nPORTT=2", ["dotenv.unknown"]],
    ["PORT=1\nDB_PASSWORD=\nMY_TOKEN=abc", ["dotenv.unknown", "dotenv.placeholder"]],
    ["PORT=1\nDB_PASSWORD=\nURL=postgres://u:pw@h/d", ["dotenv.unknown", "dotenv.placeholder"]],
    ["PORT=1\nDB_PASSWORD=\nURL=postgres://u:<password>@h/d", ["dotenv.unknown"]],
  ])("%j gives %j", (text, codes) => {
    const found = check(text);
    expect(found.map(({ code }) => code)).toEqual(codes);
    expect(JSON.stringify(found)).not.toContain("hunter2");
  });
});

it("imports values by the schema's types, and tells the names that it has no place for", () => {
  const source = new TextSource(".env", "PORT=5433\nA__B=7\n");
  const { document, problems, unknown } = importVariables(source, parseDotenv(source), policy);
  expect(problems).toEqual([]);
  expect(document.root.entries.get("port")).toMatchObject({ kind: "integer", value: 5433 });
  expect(unknown).toEqual(["A__B"]);
});

it("adds to an example what it lacks, and leaves the rest alone", () => {
  const text = "# mine\nPORT=1 # keep";
  const next = planExample(text, parseDotenv(new TextSource(".env", text)), policy);
  expect(next).toBe(`${text}\n\nDB_PASSWORD=__set_in_secret_store__\n`);
  expect(planExample(next, parseDotenv(new TextSource(".env", next)), policy)).toBe(next);
});
