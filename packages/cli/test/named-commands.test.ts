// Whatever tells somebody to run a command of Lotse names one that there is, with options that it has.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { builtinChecks } from "@lotse/core/policy";
import { buildProgram } from "../src/program.ts";
import { root } from "./cli-runner.ts";

const silent = { write: (): void => {} };
const program = await buildProgram({
  out: silent.write,
  err: silent.write,
  cwd: process.cwd(),
  variables: {},
  signal: new AbortController().signal,
} as unknown as Parameters<typeof buildProgram>[0]);

/** Texts in which the word is a name and no command follows. */
const prose = /^(?:did|runs|there|may leave|secret manifest|known secrets)\b/u;

interface Named {
  readonly place: string;
  /** What follows `lotse `, up to the end of the code, text or sentence. */
  readonly text: string;
}

/** All that follows the program's name in a text. */
function namedIn(place: string, text: string): readonly Named[] {
  return text.split("\n").flatMap((line, index) =>
    [...line.matchAll(/(?<![\w./@$-])lotse (?<text>[a-z](?:[^`"'|>#;:,…\\.$]|\.(?=\S))*)/gu)].flatMap(
      ({ groups }) => {
        const told = groups?.["text"]?.trim() ?? "";
        return prose.test(told) ? [] : [{ place: `${place}:${index + 1}`, text: told }];
      },
    ),
  );
}

/** What is wrong with a command; `undefined` where it is one. */
function problemOf(text: string): string | undefined {
  const words = text.split(/\s+/u);
  let command: Command = program;
  while (command.commands.length > 0 && /^[a-z]/u.test(words[0] ?? "")) {
    const next = command.commands.find((one) => one.name() === words[0]);
    if (next === undefined) return `there is no ${words[0] ?? ""} in ${command.name()}`;
    command = next;
    words.shift();
  }
  // What follows `--` is another program's.
  const own = words.includes("--") ? words.slice(0, words.indexOf("--")) : words;
  const options = own.flatMap((word) => /^--[a-z][a-z-]+/u.exec(word)?.[0] ?? []);
  const known = new Set(["--help", ...command.options.map(({ long }) => long)]);
  const unknown = options.filter((option) => !known.has(option));
  return unknown.length === 0 ? undefined : `${command.name()} has no ${unknown.join(", ")}`;
}

function filesBelow(directory: string, ending: RegExp): readonly string[] {
  return readdirSync(join(root, directory), { recursive: true, encoding: "utf8" })
    .filter((name) => ending.test(name) && !/node_modules|\.test\.ts$|(?:^|\/)testing\//u.test(name))
    .map((name) => join(root, directory, name));
}

const sources = [
  ...filesBelow("packages/core/src", /\.ts$/u),
  ...filesBelow("packages/cli/src", /\.ts$/u),
  ...filesBelow("docs", /\.md$/u),
  ...filesBelow("examples", /\.(?:md|ya?ml|ts)$/u),
  join(root, "README.md"),
];

describe("commands that are named", () => {
  test.each([
    ["secrets rotate", "there is no rotate in secrets"],
    ["policy waivers lint", "there is no waivers in policy"],
    ["policy check --nothing", "check has no --nothing"],
    ["secrets exec prod -- node --watch", undefined],
    ["config get prod service prints what there is", undefined],
  ])("%s: %s", (text, problem) => {
    expect(problemOf(text)).toBe(problem);
  });

  test("in remedies exist", () => {
    const named = builtinChecks.flatMap(({ id, remedy, why }) => namedIn(id, `${remedy}\n${why}`));
    expect(named.length).toBeGreaterThan(2);
    expect(named.map(({ place, text }) => [place, text, problemOf(text)]).filter(([, , why]) => why)).toEqual(
      [],
    );
  });

  test("in hints, help and documents exist", () => {
    const named = sources.flatMap((file) => namedIn(relative(root, file), readFileSync(file, "utf8")));
    expect(named.length).toBeGreaterThan(200);
    expect(named.map(({ place, text }) => [place, text, problemOf(text)]).filter(([, , why]) => why)).toEqual(
      [],
    );
  });
});
