import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { builtinChecks } from "./checks/builtin.ts";
import { operatorsSchema } from "./checks/operators.ts";
import { factCatalogue, type FactDefinition } from "./facts/catalogue.ts";
import { recordFile } from "./facts/record-schema.ts";
import { DirectoryFiles } from "../kernel/index.ts";
import { PlainJudge } from "./engine/memo.ts";
import { loadRules, packagedRules, type PolicyRules } from "./rules.ts";
import { factAt } from "./testing/scope.ts";

/** `UPDATE_DOCS=1 npx vitest run packages/core/src/policy/documentation.test.ts` writes the tables anew. */
const update = process.env["UPDATE_DOCS"] === "1";
const document = join(import.meta.dirname, "../../../../docs/policy.md");
const { frameworks, profiles } = packagedRules();

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [headings, headings.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return lines.join("\n").replaceAll(/\| (?:--- \| )*---(?: \||$)/gu, (line) => line.replaceAll(" ", ""));
}

function sentence(title: string): string {
  return /^[A-Z][a-z]/u.test(title) && !title.startsWith("Prometheus")
    ? (title[0] ?? "").toLowerCase() + title.slice(1)
    : title;
}

function requirementsOf(check: string, id: string): string {
  const found = frameworks
    .find((framework) => framework.id === id)
    ?.requirements.filter(({ checks }) => checks.includes(check))
    .map((each) => {
      const short = each.id.replace(/^(?:Art\. |164\.|A\.(?=\d))/u, "");
      return each.tentative ? `*${short}*` : short;
    });
  return found === undefined || found.length === 0 ? "–" : found.join(", ");
}

const tables: Readonly<Record<string, string>> = {
  checks: table(
    ["#", "check", "passes when", "severity", "SOC 2", "GDPR", "HIPAA", "ISO A.", "PCI DSS"],
    builtinChecks
      .filter(({ number }) => number !== undefined)
      .map(({ id, number, title, severity }) => [
        String(number),
        `\`${id}\``,
        sentence(title),
        severity,
        ...["soc2", "gdpr", "hipaa", "iso27001", "pci-dss"].map((framework) => requirementsOf(id, framework)),
      ]),
  ),
  "profile-checks": table(
    ["check", "passes when", "severity", "profile"],
    builtinChecks
      .filter(({ number }) => number === undefined)
      .map(({ id, title, severity }) => [
        `\`${id}\``,
        sentence(title),
        severity,
        profiles
          .filter(({ checks }) => checks.includes(id))
          .map((profile) => profile.id)
          .join(", "),
      ]),
  ),
  facts: table(
    ["fact", "is", "stands at, or comes from"],
    Object.entries<FactDefinition>(factCatalogue).map(([name, { title, paths, source }]) => [
      `\`${name}\``,
      title,
      paths === undefined ? (source ?? "") : paths.map((path) => `\`${path}\``).join(", "),
    ]),
  ),
  records: table(
    ["kind", "result"],
    recordFile.options.map(({ shape }) => [
      `\`${shape.kind.value}\``,
      Object.keys(shape.result.shape)
        .map((key) => `\`${key}\``)
        .join(", "),
    ]),
  ),
};

it.each(Object.keys(tables))("the table of %s says what the code says", (name) => {
  const text = readFileSync(document, "utf8");
  const [, before = "", inside, after = ""] =
    new RegExp(`^([^]*<!-- ${name} -->\n)([^]*)(<!-- /${name} -->[^]*)$`, "u").exec(text) ?? [];
  const wanted = `${tables[name] ?? ""}\n`;
  if (update) writeFileSync(document, `${before}${wanted}${after}`);
  else expect(inside).toBe(wanted);
});

it("names every operator of declarative rules", () => {
  const text = readFileSync(document, "utf8");
  for (const name of Object.keys(operatorsSchema.shape)) expect(text).toContain(`\`${name}\``);
});

/** A team's checks hold to the same contract as ours: their examples do what they say. */
function judgeExamples({ checks }: PolicyRules): readonly string[] {
  const judge = new PlainJudge("2026-06-15", () => "nowhere");
  const builtin = new Set(builtinChecks.map(({ id }) => id));
  return checks
    .filter(({ id }) => !builtin.has(id))
    .map((check) => {
      const [pass, fail] = [check.examples.pass, check.examples.fail].map((values) =>
        judge.judge(check, (name) => {
          const value = values[name];
          return value === undefined ? undefined : factAt(name, value);
        }),
      );
      return `${check.id} ${pass?.verdict.status ?? ""} ${fail?.verdict.status ?? ""}`;
    });
}

// The check that the engine plans by itself is in no table, and held to the same.
const ownChecks = [
  "frameworks-described pass fail",
  "access-tokens-short-lived pass fail",
  "replicas-over-zones pass fail",
];

it("the files of the document are good, and their checks do what their examples say", async () => {
  const directory = mkdtempSync(join(tmpdir(), "lotse-policy-docs-"));
  try {
    for (const [, path = "", body = ""] of readFileSync(document, "utf8").matchAll(
      /^```\w+ title="(policy\/[^"]+)"\n([^]*?)^```$/gmu,
    )) {
      mkdirSync(join(directory, dirname(path)), { recursive: true });
      writeFileSync(join(directory, path), body);
    }
    const rules = await loadRules(new DirectoryFiles(directory), { directory });
    expect(judgeExamples(rules)).toEqual(ownChecks);
    expect(rules.waivers).toMatchObject({ problems: [], waivers: [{ check: "key-rotation" }] });
    const drill = rules.sources.map((source) =>
      source.facts({ environment: "prod", tenant: "x" }).get("drill.last"),
    );
    expect(drill[0]?.value).toMatchObject({ "recovery-time-minutes": 24 });
  } finally {
    rmSync(directory, { recursive: true });
  }
});

it("the checks of the example workspace do what their examples say", async () => {
  const directory = join(import.meta.dirname, "../../../../examples/spotify-ai-agent");
  const rules = await loadRules(new DirectoryFiles(directory), { directory });
  expect(judgeExamples(rules)).toEqual(ownChecks);
  expect(rules.waivers.problems).toEqual([]);
});
