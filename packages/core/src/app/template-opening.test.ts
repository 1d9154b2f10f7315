import { DictLoader, TemplateSet } from "../templates/index.ts";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Snapshot } from "../config/index.ts";
import { Sensitive } from "../kernel/index.ts";
import { openSession } from "./session.ts";
import { renderWithSecrets } from "./template-opening.ts";

let directory = "";
let snapshot: Snapshot;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "lotse-opening-"));
  mkdirSync(join(directory, "environments/dev"), { recursive: true });
  writeFileSync(join(directory, "lotse.yml"), "version: 1\n");
  const secrets = Array.from({ length: 200 }, (_, index) => `  s${index}: "\${secret:many#s${index}}"\n`);
  writeFileSync(join(directory, "environments/dev/dev.yml"), `all:\n${secrets.join("")}`);
  snapshot = openSession({ directory, variables: {} }).engine.resolve({
    environment: "dev",
    tenant: undefined,
  });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Renders a template, and counts how often that was done and what was opened. */
async function counted(source: string) {
  const set = new TemplateSet({ loader: new DictLoader({ main: source }) });
  const opened: string[] = [];
  let renders = 0;
  const result = renderWithSecrets({
    snapshot,
    workspace: "shop",
    label: (name) => name,
    render: (variables, withheld) => {
      renders += 1;
      return set.render("main", variables, { withheld });
    },
    reveal: (reference) => {
      opened.push(String(reference));
      return Promise.resolve(new Sensitive(`<${reference.parts.length}>`));
    },
  });
  const outcome = await result.then(({ text }) => text).catch((error: unknown) => error);
  return { outcome, opened, renders };
}

const every = (body: string): string => `{% for key, value in all.items() %}${body}{% endfor %}`;

describe("rendering with secrets", () => {
  test("200 secrets that are written out take a handful of renderings", async () => {
    const { outcome, opened, renders } = await counted(every("{{ value }}"));
    expect(outcome).toBe("<1>".repeat(200));
    expect(new Set(opened).size).toBe(200);
    expect(opened).toHaveLength(200);
    expect(renders).toBeLessThan(6);
  });

  test("what stands in a branch that is not taken stays closed", async () => {
    const { outcome, opened } = await counted(
      "{% if all.s1 == '<1>' %}{{ all.s2 }}{% else %}{{ all.s3 }}{% endif %}",
    );
    expect(outcome).toBe("<1>");
    expect(opened).toEqual(["${secret:many#s1}", "${secret:many#s2}"]);
  });

  test("computing with more than 100 of them is refused", async () => {
    const { outcome, renders } = await counted(every("{{ value | length }}"));
    expect(outcome).toMatchObject({ code: "template.secret" });
    expect(renders).toBeLessThan(110);
    expect((await counted(every("{% if loop.index < 50 %}{{ value | length }}{% endif %}"))).outcome).toBe(
      "3".repeat(49),
    );
  });
});
