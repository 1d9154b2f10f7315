import { describe, expect, it } from "vitest";
import { guardSchema, ownKeywords, strategies } from "../../core/src/config/schema/keywords.ts";
import { readTag } from "../../core/src/config/parse/tag.ts";
import type { Reference } from "../../core/src/config/reference/template.ts";
import { isLotseError } from "@lotse/core/kernel";
import {
  asPrinted,
  documents,
  exampleQueue,
  examplesOf,
  partOf,
  rewrite,
  transcript,
  writePart,
  type Done,
} from "./docs-runner.ts";
import {
  commandTables,
  errorTable,
  exitNumbers,
  strategyNames,
  targetTable,
  workspaceKeys,
} from "./docs-tables.ts";

/** `UPDATE_DOCS=1 npx vitest run packages/cli/test/docs.test.ts` writes what the code says into the documents. */
const update = process.env["UPDATE_DOCS"] === "1";

const examples = documents().flatMap(examplesOf);
const inTurn = exampleQueue();
const withExamples = documents().filter((document) =>
  examples.some((example) => example.document === document),
);

describe.concurrent.each(withExamples)("the examples of %s", (document) => {
  const own = examples.filter((example) => example.document === document);
  const running = own.map((example) => inTurn(example));
  it.for(own.map((example, index) => [example.name, index] as const))(
    "%s",
    { timeout: 300_000 },
    async ([, index], { expect }) => {
      const done = (await running[index]) as readonly Done[];
      if (update) return;
      const wrong = done.filter((each) => !asPrinted(each));
      const told = wrong.map(
        ({ step }) =>
          `$ ${step.command}${step.status === 0 ? "" : `  # exits with ${step.status}`}\n${step.printed}`,
      );
      expect(wrong.map(transcript).join("\n")).toBe(told.join("\n"));
    },
  );
  if (update) {
    it("is written anew", { timeout: 300_000 }, async () => {
      const done = await Promise.all(running);
      rewrite(document, done.flat());
    });
  }
});

describe("the tables", () => {
  it.each([
    ["errors.md", "codes", errorTable],
    ["cli.md", "commands", commandTables],
    ["release.md", "target", targetTable],
  ] as const)("of %s say what the code says: %s", async (document, name, make) => {
    const made = await make();
    if (update) writePart(document, name, made);
    expect(partOf(document, name)).toBe(made);
  });

  it("name every exit status", () => {
    const told = [...partOf("cli.md", "exit-statuses").matchAll(/^\| (\d+) \|/gmu)].map(([, number]) =>
      Number(number),
    );
    expect(told).toEqual(exitNumbers());
  });

  it("name every strategy", () => {
    for (const name of strategyNames()) expect(partOf("release.md", "strategies")).toContain(`\`${name}\``);
  });

  it("name every key of lotse.yml", () => {
    for (const key of workspaceKeys())
      expect(partOf("configuration.md", "lotse-yml")).toContain(`\`${key}\``);
  });
});

/** The text of all files and commands that examples run. */
const text = examples
  .filter(({ document }) => document === "configuration.md")
  .flatMap(({ steps }) => steps)
  .map((step) => (step.kind === "file" ? step.text : step.command))
  .join("\n");

/** The tags, as the error about an unknown one lists them. */
function knownTags(): readonly string[] {
  try {
    readTag("!unheard-of", {});
  } catch (error) {
    if (isLotseError(error)) return [...(error.hint ?? "").matchAll(/!!?[a-z]+/gu)].map(([tag]) => tag);
  }
  return [];
}

type Form = Reference["target"]["kind"] | "sibling" | "above" | "default" | "nested default" | "escape";

/** Whether the files of the examples hold a form of reference; a new one does not compile without a line here. */
const forms: Readonly<Record<Form, RegExp>> = {
  path: /\$\{[a-z]+(?:\.[a-z_]+)*\}/u,
  sibling: /\$\{\.[a-z_]+\}/u,
  above: /\$\{\.\.+[a-z_]+/u,
  env: /\$\{env:[A-Z_]+\}/u,
  file: /\$\{file:[^}]+\}/u,
  secret: /\$\{secret:[^#}]+#[^}]+\}/u,
  default: /\$\{[^:}]+:-[^}$]+\}/u,
  "nested default": /\$\{[^:}]+:-\$\{/u,
  escape: /\$\$\{/u,
};

/** Whether some example that runs has it; the texts themselves would drown the message. */
function hasExample(pattern: RegExp): boolean {
  return pattern.test(text);
}

describe("what has an example that runs", () => {
  it.each(ownKeywords)("the keyword %s", (keyword) => {
    expect(hasExample(new RegExp(`(?:^|[\\s{,])${keyword}:`, "mu"))).toBe(true);
  });
  it.each(strategies)("the strategy %s", (strategy) => {
    expect(hasExample(new RegExp(`x-merge: ${strategy}\\b`, "u"))).toBe(true);
  });
  it.each(Object.keys(guardSchema.shape))("x-guard with %s", (key) => {
    expect(hasExample(new RegExp(`x-guard:[^\\n]*\\b${key}:`, "u"))).toBe(true);
  });
  it("knows the tags", () => expect(knownTags().length).toBeGreaterThan(10));
  it.each(knownTags())("the tag %s", (tag) => {
    expect(hasExample(new RegExp(`(?:^|[\\s:\\[-])${tag}(?=[\\s,\\]]|$)`, "mu"))).toBe(true);
  });
  it.each(Object.entries(forms))("the reference form %s", (_, form) => {
    expect(hasExample(form)).toBe(true);
  });
});
