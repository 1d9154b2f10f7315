import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { environmentOf } from "./testing/cases.ts";

/** The examples of docs/templates.md and README.md give what stands below them. */
const page = readFileSync(new URL("../../../docs/templates.md", import.meta.url), "utf8");
const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

const context = JSON.parse(/```json\n([^]*?)\n```/.exec(page)?.[1] ?? "{}") as Record<string, unknown>;
const templates = Object.fromEntries(
  Array.from(page.matchAll(/```template (\S+)\n([^]*?)\n```/g), ([, name, source]) => [name, source ?? ""]),
) as Record<string, string>;
const examples = Array.from(
  page.matchAll(/```jinja ?([^\n]*)\n([^]*?)\n```\n\n```output\n([^]*?)\n?```/g),
  ([, opts = "", source = "", output = ""]) => ({ opts, source, output }),
);

describe("docs/templates.md", () => {
  test("has its examples", () => {
    expect(examples.length).toBeGreaterThan(25);
    expect(page.match(/```jinja/g)).toHaveLength(examples.length);
  });

  test.each(examples)("$source", ({ opts, source, output }) => {
    const env = {
      opts: JSON.parse(opts === "" ? "{}" : opts) as Record<string, unknown>,
      templates,
      extensions: ["do", "loopcontrols"],
    };
    expect(environmentOf({ env }).fromString(source).render(context)).toBe(output);
  });
});

test("README.md's first example prints what it says", async () => {
  const code = /```ts\n([^]*?)```/.exec(readme)?.[1] ?? "";
  const printed = /```text\n([^]*?)```/.exec(readme)?.[1] ?? "";
  const names = /import \{ (.*) \}/.exec(code)?.[1]?.split(", ") ?? [];
  const library: Record<string, unknown> = { ...(await import("./index.ts")) };
  expect(names.filter((name) => library[name] === undefined)).toEqual([]);
  // The example in the page's own words: any change of it has to be made here too.
  const { DictLoader, Environment, StrictUndefined } = await import("./index.ts");
  const environment = new Environment({
    loader: new DictLoader({ "labels.j2": "app: {{ app }}" }),
    undefined: StrictUndefined,
  });
  const source = /fromString\("(.*)"\)/.exec(code)?.[1]?.replaceAll("\\n", "\n") ?? "";
  expect(`${environment.fromString(source).render({ app: "web", mb: 16384 })}\n`).toBe(printed);
});
