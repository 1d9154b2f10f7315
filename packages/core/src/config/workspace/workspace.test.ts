import { describe, expect, test } from "vitest";
import { failure, MemoryFiles } from "../testing/workspace.ts";
import { readWorkspace } from "./workspace.ts";

const read = (text: string) => readWorkspace(new MemoryFiles({ "lotse.yml": text }));

describe("lotse.yml", () => {
  test("with its version alone takes the defaults", () => {
    const workspace = read("version: 1\n");
    expect(workspace).toMatchObject({
      name: "memory",
      root: "environments",
      schema: undefined,
      environments: ["dev", "staging", "prod"],
      limits: { maxFileBytes: 16 * 1024 * 1024, maxDepth: 64, maxNodes: 1_000_000 },
      breakGlass: [],
      references: { env: undefined, files: undefined },
      app: undefined,
    });
    const names = [
      "base",
      "environment",
      "override",
      "tier",
      "region",
      "tenant",
      "environment-tenant",
      "process-environment",
      "set",
    ];
    expect(workspace.layers.map(({ name }) => name)).toEqual(names);
    expect(Object.fromEntries(workspace.environmentNames)).toEqual({
      dev: "dev",
      development: "dev",
      staging: "staging",
      prod: "prod",
      production: "prod",
    });
  });

  test.each<[string, object]>([
    ["base.yml", { kind: "files", name: "base", patterns: ["base.yml"], required: false }],
    ['"{env}/{env}.yml"', { name: "environment" }],
    ['"tiers/{tenant.tier}.yml"', { name: "tier" }],
    ["other/x.yaml", { name: "other/x" }],
    ["{name: a, path: a.yml}", { name: "a", patterns: ["a.yml"] }],
    ["{name: a, paths: [a.yml, b.json], required: true}", { patterns: ["a.yml", "b.json"], required: true }],
    ["{name: a, from: process-environment}", { kind: "process-environment", prefix: "LOTSE__" }],
    ["{name: a, from: process-environment, prefix: APP__}", { prefix: "APP__" }],
    ["{name: a, from: set}", { kind: "set", name: "a" }],
  ])("reads the layer %s", (text, layer) => {
    expect(read(`version: 1\nlayers: [${text}]\n`).layers).toMatchObject([layer]);
  });

  test.each<[string, string, string, number, number]>([
    ["nothing", "", "version", 1, 1],
    ["no version", "name: x\n", "version", 1, 1],
    ["another version", "version: 2\n", "version", 1, 10],
    ["a list", "- 1\n", "the file", 1, 1],
    ["a misspelt key", "version: 1\nenvironment: {}\n", '"environment"', 2, 14],
    ["a root outside", "version: 1\nroot: ../x\n", "root", 2, 7],
    ["an absolute root", "version: 1\nroot: /x\n", "root", 2, 7],
    ["a schema outside", "version: 1\nschema: a/../../x.json\n", "schema", 2, 9],
    ["a layer outside", "version: 1\nlayers:\n  - ../a.yml\n", "layers[0]", 3, 5],
    [
      "a layer with another ending",
      "version: 1\nlayers: [{name: a, path: a.txt}]\n",
      "layers[0].path",
      2,
      26,
    ],
    ["a layer without a path", "version: 1\nlayers:\n  - {name: a}\n", "no path", 3, 5],
    ["no layers", "version: 1\nlayers: []\n", "layers", 2, 9],
    [
      "two layers of one name",
      "version: 1\nlayers:\n  - a.yml\n  - {name: a, path: b.yml}\n",
      "two layers are called a",
      4,
      5,
    ],
    ["an unknown placeholder", 'version: 1\nlayers: ["{tennant}.yml"]\n', "{tennant}", 2, 10],
    [
      "__proto__ as a placeholder",
      'version: 1\nlayers: ["{tenant.__proto__.x}.yml"]\n',
      "placeholder",
      2,
      10,
    ],
    ["an environment that leads out", "version: 1\nenvironments:\n  ../x: {}\n", "environments", 3, 9],
    [
      "two environments of one name",
      "version: 1\nenvironments:\n  a: {aliases: [b]}\n  b: {}\n",
      "both go by the name b",
      4,
      6,
    ],
    ["a limit of 0", "version: 1\nlimits: {max-depth: 0}\n", "limits.max-depth", 2, 21],
    ["a limit beyond reason", "version: 1\nlimits: {max-depth: 100000}\n", "limits.max-depth", 2, 21],
  ])("with %s is an error with a place", (_, text, message, line, column) => {
    expect(failure(() => read(text))).toMatchObject({
      code: "workspace.invalid",
      message: expect.stringContaining(message),
      where: { file: "lotse.yml", line, column },
    });
  });

  test.each([
    ["a duplicate key", "version: 1\nversion: 1\n", "parse.duplicate-key", 2],
    ["__proto__", "version: 1\nenvironments: {__proto__: {}}\n", "parse.forbidden-key", 2],
    ["a syntax error", "version: [\n", "parse.syntax", 2],
  ])("with %s is an error like in any file", (_, text, code, line) => {
    expect(failure(() => read(text))).toMatchObject({ code, where: { file: "lotse.yml", line } });
  });

  test("a misspelt key suggests the right one", () => {
    expect(failure(() => read("version: 1\nenvironmens: {}\n")).hint).toBe('did you mean "environments"?');
  });

  test("that is missing says how to make one", () => {
    expect(failure(() => readWorkspace(new MemoryFiles()))).toMatchObject({
      code: "workspace.not-found",
      hint: expect.stringContaining("lotse init"),
      where: { file: "lotse.yml" },
    });
  });
});
