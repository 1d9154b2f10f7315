import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv, type AnySchema } from "ajv";
import addFormats from "ajv-formats";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LotseError } from "../../kernel/index.ts";
import type { CheckResult, PolicyRun } from "../model.ts";
import { endingOf, renderReport, reportFormats, type ReportFormat } from "./index.ts";
import { groupResults } from "./order.ts";
import { fixtureRun, fixtureTrend, hostile, hostileRun, runOf } from "./testing/fixture.ts";
import { uuidOf } from "./uuid.ts";

const schemas = join(import.meta.dirname, "testing/schemas");
const options = { version: "0.0.0-test", title: "Policy of Spotify AI Agent", previous: fixtureTrend() };

const everyRun: readonly (readonly [string, PolicyRun])[] = [
  ["the fixture", fixtureRun()],
  ["nothing", runOf([])],
  ...hostile.map((text) => [text, hostileRun(text)] as const),
];

function schemaErrors(file: string): (document: unknown) => unknown {
  const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: !file.startsWith("sarif") });
  addFormats.default(ajv);
  // Of draft 4 and draft 7 alike, these schemas use only what both have, but for the name of the id.
  const {
    $schema: _,
    id: __,
    ...schema
  } = JSON.parse(readFileSync(join(schemas, file), "utf8")) as Record<string, unknown>;
  const validate = ajv.compile(schema satisfies AnySchema);
  return (document) => (validate(document) ? null : validate.errors);
}

function xmllint(xml: string): void {
  execFileSync("xmllint", ["--noout", "--nonet", "--schema", join(schemas, "junit.xsd"), "-"], {
    input: xml,
    stdio: ["pipe", "pipe", "pipe"],
  });
}

interface Sarif {
  readonly runs: readonly {
    readonly tool: { readonly driver: { readonly rules: readonly { id: string }[] } };
    readonly results: readonly {
      ruleId: string;
      ruleIndex: number;
      kind: string;
      level: string;
      suppressions: readonly { justification: string }[];
      partialFingerprints: Record<string, string>;
      locations: readonly {
        physicalLocation?: { artifactLocation: { uri: string }; region: { startLine: number } };
      }[];
      properties: { status: string; environment: string; tenant: string | null; requirements: string[] };
    }[];
  }[];
}

const sarifOf = (run: PolicyRun, more = {}): Sarif["runs"][number] => {
  const log = JSON.parse(renderReport(run, "sarif", { ...options, ...more })) as Sarif;
  return log.runs[0] as Sarif["runs"][number];
};

describe("every form", () => {
  test.each(reportFormats)("%s is as its golden file", async (format) => {
    const text = renderReport(fixtureRun(), format, options);
    await expect(text).toMatchFileSnapshot(`testing/golden/report.${endingOf(format)}`);
  });

  test.each(reportFormats)("%s is the same for the same run, and for none at all", (format) => {
    expect(renderReport(fixtureRun(), format, options)).toBe(renderReport(fixtureRun(), format, options));
    expect(renderReport(runOf([]), format, { version: "1" }).length).toBeGreaterThan(0);
  });

  test.each(["", "pdf", "HTML", "constructor", "toString"])("the form %j is an error", (format) => {
    const act = (): string => renderReport(fixtureRun(), format, options);
    expect(act).toThrow(LotseError);
    expect(act).toThrow(expect.objectContaining({ code: "policy.report" }));
  });

  test.each(reportFormats.filter((format) => format !== "json" && format !== "junit"))(
    "%s tells how many requirements are evidenced, and never that somebody complies",
    (format) => {
      const text = renderReport(fixtureRun(), format, options);
      expect(text).toContain(
        "7 of 7 machine-checkable requirements evidenced".replace(/^7 of 7/u, evidenced()),
      );
      expect(text).not.toMatch(/\bcompliant\b/iu);
    },
  );

  test.each(reportFormats)("%s leaves out what a waiver accepts where that is asked for", (format) => {
    const text = (includeSuppressed: boolean): string =>
      renderReport(fixtureRun(), format, { ...options, includeSuppressed });
    expect(text(true)).toContain("ciso@example.com");
    expect(text(false)).not.toContain("ciso@example.com");
  });
});

function evidenced(): string {
  const gdpr = fixtureRun().summary.frameworks.find(({ framework }) => framework === "gdpr");
  return `${gdpr?.evidenced} of ${gdpr?.checkable}`;
}

describe("SARIF", () => {
  const errors = schemaErrors("sarif-2.1.0-rtm.5.json");

  test.each(everyRun)("fits the official schema: %s", (_, run) => {
    expect(errors(JSON.parse(renderReport(run, "sarif", options)))).toBeNull();
  });

  // The schema only guards the report if it refuses what is wrong.
  test.each([
    ["no version", '"version": "2.1.0",', ""],
    ["another version", '"version": "2.1.0"', '"version": "2.0.0"'],
    ["a level that there is not", '"level": "error"', '"level": "fatal"'],
    ["a kind that there is not", '"kind": "open"', '"kind": "unknown"'],
    ["a line of 0", /"startLine": \d+/u, '"startLine": 0'],
    ["a suppression of another kind", '"kind": "external"', '"kind": "waiver"'],
    ["a result without a message", /"message": \{\s*"text": [^\n]+\n\s*\},/u, ""],
  ])("its schema would notice %s", (_, old, changed) => {
    const text = renderReport(fixtureRun(), "sarif", options);
    const broken = text.replace(old, changed);
    expect(broken).not.toBe(text);
    expect(errors(JSON.parse(broken))).not.toBeNull();
  });

  test("has a result for each finding, with its place, rule and suppression", () => {
    const { results, tool } = sarifOf(fixtureRun());
    const findings = fixtureRun().results.filter(
      ({ status }) => !["pass", "not-applicable"].includes(status),
    );
    expect(results).toHaveLength(findings.length);
    for (const [index, result] of results.entries()) {
      const finding = findings[index] as CheckResult;
      expect(tool.driver.rules[result.ruleIndex]?.id).toBe(finding.check);
      expect(result.properties).toMatchObject({
        status: finding.status,
        environment: finding.environment,
        tenant: finding.tenant,
      });
      expect(result.suppressions).toHaveLength(finding.status === "waived" ? 1 : 0);
      const [place] = finding.evidence;
      const { physicalLocation } = result.locations[0] ?? {};
      expect(physicalLocation?.region.startLine).toBe(place?.line);
      if (place?.file !== undefined)
        expect(decodeURIComponent(physicalLocation?.artifactLocation.uri ?? "")).toBe(place.file);
    }
  });

  test.each([
    ["fail", "fail", "error"],
    ["waived", "fail", "error"],
    ["unknown", "open", "none"],
    ["manual", "review", "none"],
  ])("%s is the kind %s of level %s", (status, kind, level) => {
    const found = sarifOf(fixtureRun()).results.filter(({ properties }) => properties.status === status);
    expect(found.length).toBeGreaterThan(0);
    expect(new Set(found.map((one) => one.kind))).toEqual(new Set([kind]));
    expect(found.map((one) => one.level)).toContain(level);
  });

  test("keeps its fingerprints when lines move, and has one for each check and scope", () => {
    const run = fixtureRun();
    const moved = {
      ...run,
      results: run.results.map((result) => ({
        ...result,
        evidence: result.evidence.map((one) => ({ ...one, line: 99 })),
      })),
    };
    const prints = (one: PolicyRun): string[] =>
      sarifOf(one).results.map((result) => result.partialFingerprints["lotseResult/v1"] ?? "");
    expect(prints(moved)).toEqual(prints(run));
    expect(new Set(prints(run)).size).toBe(prints(run).length);
  });

  test("gives a framework's requirements to the scopes that it applies to only", () => {
    for (const { properties } of sarifOf(fixtureRun()).results) {
      expect(properties.requirements.some((one) => one.startsWith("pci-dss"))).toBe(
        properties.tenant === "nordlicht-records" && properties.requirements.length === 4,
      );
    }
  });
});

describe("OSCAL", () => {
  const errors = schemaErrors("oscal-assessment-results.subset.json");

  test.each(everyRun)("fits the schema: %s", (_, run) => {
    expect(errors(JSON.parse(renderReport(run, "oscal", options)))).toBeNull();
  });

  test.each([
    ["no time of the change", /"last-modified": [^\n]+\n/u, ""],
    ["a time without a zone", /("last-modified": "[^"]+)Z"/u, '$1"'],
    ["a UUID of version 1", /"uuid": "(.{14})5/u, '"uuid": "$11'],
    ["an id with a bracket", /"control-id": "([^"]+)"/u, '"control-id": "$1(a)"'],
    ["a text with space around it", /"value": "([^"]+)"/u, '"value": " $1"'],
    ["an empty list", /"methods": \[[^\]]+\]/u, '"methods": []'],
    ["a state that there is not", '"state": "satisfied"', '"state": "compliant"'],
    ["a target that there is not", '"type": "objective-id"', '"type": "control-id"'],
    ["an actor that there is not", '"type": "tool"', '"type": "machine"'],
    ["a key that there is not", '"collected":', '"compliant": true, "collected":'],
    ["an observation without its time", /,\s*"collected": "[^"]+"/u, ""],
  ])("its schema would notice %s", (_, old, changed) => {
    const text = renderReport(fixtureRun(), "oscal", options);
    const broken = text.replace(old, changed);
    expect(broken).not.toBe(text);
    expect(errors(JSON.parse(broken))).not.toBeNull();
  });

  test("has no key that came with 1.1, so it fits the schema of 1.0.4 as well", () => {
    for (const [, run] of everyRun)
      expect(renderReport(run, "oscal", options)).not.toMatch(
        /^ *"(?:group|resource-fragment|\$schema)": /mu,
      );
  });

  test("every reference leads to something in the document, and no id is given twice", () => {
    const text = renderReport(fixtureRun(), "oscal", options);
    const ids = [...text.matchAll(/"uuid": "([^"]+)"/gu)].map(([, id]) => id);
    const references = [
      ...text.matchAll(/"(?:subject-uuid|observation-uuid|actor-uuid|component-uuid)": "([^"]+)"/gu),
    ].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(references.length).toBeGreaterThan(20);
    for (const id of references) expect(ids).toContain(id);
    expect(ids).toContain(/"href": "#([^"]+)"/u.exec(text)?.[1]);
  });

  test.each([
    ["pci-dss_8.6.2", "not-satisfied", "fail"],
    ["gdpr_32-1-d", "not-satisfied", "other"],
    ["soc2_CC6.7", "satisfied", "pass"],
  ])("the requirement %s is %s (%s)", (id, state, reason) => {
    const document = JSON.parse(renderReport(fixtureRun(), "oscal", options)) as {
      "assessment-results": {
        results: readonly { findings: readonly { target: { "target-id": string; status: unknown } }[] }[];
      };
    };
    const found = document["assessment-results"].results[0]?.findings.find(
      ({ target }) => target["target-id"] === id,
    );
    expect(found?.target.status).toEqual({ state, reason });
  });

  test("a UUID is of version 5 and depends on the content alone", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (left, right) => {
        expect(uuidOf(left)).toMatch(
          /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/u,
        );
        expect(uuidOf(left) === uuidOf(right)).toBe(
          JSON.stringify(left) === JSON.stringify(right) || uuidOf(left) === uuidOf(right),
        );
        expect(uuidOf({ a: left, b: 1 })).toBe(uuidOf({ b: 1, a: left }));
      }),
    );
  });
});

describe("JUnit", () => {
  test.each(everyRun)("fits the schema: %s", (_, run) => {
    expect(() => xmllint(renderReport(run, "junit", options))).not.toThrow();
  });

  test.each([
    ["no time", / timestamp="[^"]+"/u, ""],
    ["a time with a zone", / timestamp="([^"]+)"/u, ' timestamp="$1Z"'],
    ["no package", ' package="lotse.policy"', ""],
    ["a count that is no number", / tests="\d+"/u, ' tests="many"'],
    ["a failure without a type", /<failure type="[^"]+"/u, "<failure"],
    ["a case without a class", / classname="[^"]+"/u, ""],
    ["an element that there is not", "<skipped ", "<waived "],
    [
      "the parts of a suite in another order",
      "<system-out/>\n    <system-err/>",
      "<system-err/>\n    <system-out/>",
    ],
  ])("its schema would notice %s", (_, old, changed) => {
    const text = renderReport(fixtureRun(), "junit", options);
    const broken = text.replace(old, changed);
    expect(broken).not.toBe(text);
    expect(() => xmllint(broken)).toThrow();
  });

  test("the counts of a suite are those of its cases", () => {
    for (const strict of [false, true]) {
      const run = { ...fixtureRun(), summary: { ...fixtureRun().summary, strict } };
      const suites = [...renderReport(run, "junit", options).matchAll(/<testsuite [^]*?<\/testsuite>/gu)];
      expect(suites.length).toBe(run.summary.scopes);
      for (const [suite] of suites) {
        const told = (name: string): number => Number(new RegExp(` ${name}="(\\d+)"`, "u").exec(suite)?.[1]);
        const found = (element: string): number => suite.split(`<${element} `).length - 1;
        expect([told("tests"), told("failures"), told("errors"), told("skipped")]).toEqual(
          ["testcase", "failure", "error", "skipped"].map(found),
        );
      }
    }
  });

  test("what is unknown is skipped, and an error in a strict run", () => {
    const run = fixtureRun();
    const strict = { ...run, summary: { ...run.summary, strict: true } };
    expect(renderReport(run, "junit", options)).not.toContain("<error");
    expect(renderReport(strict, "junit", options).match(/<error /gu)).toHaveLength(
      run.summary.counts.unknown,
    );
    expect(renderReport(run, "junit", options).match(/<failure /gu)).toHaveLength(run.summary.counts.fail);
    xmllint(renderReport(strict, "junit", options));
  });
});

describe("Markdown", () => {
  test.each(hostile)("nothing from outside is markup: %j", (text) => {
    const written = renderReport(hostileRun(text), "markdown", { ...options, title: text });
    const outside = written.replaceAll(/(`+)[^\n]*?\1/gu, "");
    expect(outside).not.toMatch(/<(?!!)[a-z/]/iu);
    expect(outside).not.toMatch(/(?<!\\)\]\(/u);
    for (const table of written.split("\n\n").filter((one) => one.startsWith("|"))) {
      const bars = table.split("\n").map((row) => row.match(/(?<!\\)\|/gu)?.length);
      expect(new Set(bars).size).toBe(1);
    }
  });
});

describe("JSON", () => {
  test("is the run itself", () => {
    expect(JSON.parse(renderReport(fixtureRun(), "json", options))).toEqual(fixtureRun());
  });
});

describe("groups", () => {
  test("every result is in one group, and what differs in evidence is not put together", () => {
    const { results } = fixtureRun();
    const groups = groupResults(results);
    expect(groups.flatMap(({ members }) => members)).toHaveLength(results.length);
    expect(new Set(groups.flatMap(({ members }) => members))).toEqual(new Set(results));
    const tls = groups.filter(({ result }) => result.check === "tls-minimum-version");
    expect(tls.map(({ members }) => members.length).sort((a, b) => a - b)).toEqual([2, 3]);
  });

  test("a thousand tenants that share a failure are one finding", () => {
    const [first] = fixtureRun().results;
    const results = Array.from(
      { length: 1000 },
      (_, index) => ({ ...first, tenant: `t${index}`, status: "fail" }) as CheckResult,
    );
    expect(groupResults(results)).toHaveLength(1);
    const page = renderReport(runOf(results), "html", options);
    expect(page.match(/<article/gu)).toHaveLength(1);
    expect(page).toContain("1000 environments");
    const forms: readonly ReportFormat[] = ["markdown", "oscal"];
    for (const format of forms) expect(renderReport(runOf(results), format, options)).toContain("t0");
  });
});
