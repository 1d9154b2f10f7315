import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { load } from "js-yaml";
import { describe, expect, it } from "vitest";
import { policyFileSchemas } from "./file-schemas.ts";

const root = join(import.meta.dirname, "../../../..");
const ajv = new Ajv2020({ strict: false, validateFormats: false });

/** Validates by the published schema. */
function fits(name: keyof typeof policyFileSchemas, value: unknown): boolean {
  const id = `https://lotse.dev/schemas/${name}.json`;
  const known = ajv.getSchema(id);
  const validate =
    known ?? ajv.compile(JSON.parse(readFileSync(join(root, `schemas/${name}.json`), "utf8")) as object);
  return validate(value) === true;
}

function yamlIn(directory: string): readonly (readonly [string, Record<string, unknown>])[] {
  return readdirSync(join(root, directory))
    .filter((name) => /\.(?:yml|json)$/u.test(name))
    .map((name) => [
      name,
      load(readFileSync(join(root, directory, name), "utf8")) as Record<string, unknown>,
    ]);
}

const example = "examples/spotify-ai-agent/policy";
const files = (
  [
    ["policy", example],
    ["policy-waiver", `${example}/waivers`],
    ["policy-framework", `${example}/frameworks`],
    ["policy-framework", "packages/core/data/policy/frameworks"],
    ["policy-profile", "packages/core/data/policy/profiles"],
    ["policy-declared-check", `${example}/checks`],
    ["policy-record", `${example}/records`],
  ] as const
).flatMap(([schema, directory]) => yamlIn(directory).map(([name, value]) => [schema, name, value] as const));

describe("the published schemas of the policy's files", () => {
  it.each(files)("%s takes %s, and no key that it does not know", (schema, _, value) => {
    expect(fits(schema, value)).toBe(true);
    expect(fits(schema, { ...value, "no-such-key": 1 })).toBe(false);
    expect(policyFileSchemas[schema].safeParse(value).success).toBe(true);
  });

  it("knows the operators of a declarative check", () => {
    const check = files.find(([schema]) => schema === "policy-declared-check")?.[2];
    expect(fits("policy-declared-check", { ...check, assert: { path: "a", "at-most": 1 } })).toBe(true);
    expect(fits("policy-declared-check", { ...check, assert: { path: "a", "at-mots": 1 } })).toBe(false);
  });
});
