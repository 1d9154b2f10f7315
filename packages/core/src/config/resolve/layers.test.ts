import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { DirectoryFiles } from "../../kernel/index.ts";
import { engineOf, engineOn, failure, MemoryFiles, type Tree } from "../testing/workspace.ts";
import type { ResolveRequest } from "./request.ts";

/** Puts files below `environments/`. */
function tree(files: Tree): Tree {
  return Object.fromEntries(
    Object.entries(files).map(([path, text]) => [path === "lotse.yml" ? path : `environments/${path}`, text]),
  );
}

function layers(files: Tree, request: ResolveRequest): readonly (readonly [string, string])[] {
  return engineOf(tree(files))
    .layers(request)
    .entries.map(
      ({ layer, document }) => [layer, document.source.file.replace("environments/", "")] as const,
    );
}

function get(files: Tree, request: ResolveRequest, path = ""): unknown {
  const snapshot = engineOf(tree(files)).resolve(request);
  expect(snapshot.diagnostics).toEqual([]);
  return snapshot.get(path);
}

const full: Tree = {
  "base.yml": "v: base\n",
  "dev/dev.yml": "v: dev\n",
  "dev/overrides/one.yml": "v: one\n",
  "dev/overrides/two.yml": "v: two\n",
  "tiers/gold.yml": "v: gold\n",
  "regions/eu.yml": "v: eu\n",
  "tenants/acme.yml": "tenant: {id: acme, tier: gold, region: eu}\nv: acme\n",
  "dev/tenants/acme.yml": "v: acme in dev\n",
  "prod/prod.yml": "v: prod\n",
};

describe("the default tree", () => {
  test("its layers stand in the documented order", () => {
    const engine = engineOf(tree(full), { variables: { LOTSE__V: "variable" } });
    const request = {
      environment: "dev",
      tenant: "acme",
      overrides: ["two", "one"],
      set: [{ path: "v", text: "set" }],
    };
    expect(
      engine.layers(request).entries.map(({ layer, document }) => [layer, document.source.file]),
    ).toEqual([
      ["base", "environments/base.yml"],
      ["environment", "environments/dev/dev.yml"],
      ["override", "environments/dev/overrides/two.yml"],
      ["override", "environments/dev/overrides/one.yml"],
      ["tier", "environments/tiers/gold.yml"],
      ["region", "environments/regions/eu.yml"],
      ["tenant", "environments/tenants/acme.yml"],
      ["environment-tenant", "environments/dev/tenants/acme.yml"],
      ["process-environment", "process environment"],
      ["set", "--set"],
    ]);
    expect(engine.resolve(request).get("v")).toBe("set");
  });

  test.each([
    [["set"], "variable"],
    [["set", "process-environment"], "acme in dev"],
    [["set", "process-environment", "environment-tenant"], "acme"],
    [["set", "process-environment", "environment-tenant", "tenant"], "eu"],
    [["set", "process-environment", "environment-tenant", "tenant", "region"], "gold"],
    [["set", "process-environment", "environment-tenant", "tenant", "region", "tier"], "one"],
    [["set", "process-environment", "environment-tenant", "tenant", "region", "tier", "override"], "dev"],
    [
      [
        "set",
        "process-environment",
        "environment-tenant",
        "tenant",
        "region",
        "tier",
        "override",
        "environment",
      ],
      "base",
    ],
  ])("without %j, %s wins", (without, value) => {
    const engine = engineOf(tree(full), { variables: { LOTSE__V: "variable" } });
    const request = {
      environment: "dev",
      tenant: "acme",
      overrides: ["two", "one"],
      set: [{ path: "v", text: "set" }],
    };
    expect(engine.resolve({ ...request, without }).get("v")).toBe(value);
  });

  test("all layers left out is an empty configuration", () => {
    const engine = engineOf(tree(full));
    expect(
      engine
        .resolve({ environment: "dev", without: engine.workspace.layers.map(({ name }) => name) })
        .get(""),
    ).toEqual({});
  });

  test("without a tenant, its layers do not apply", () => {
    expect(layers(full, { environment: "dev" }).map(([layer]) => layer)).toEqual(["base", "environment"]);
  });

  test("files may end in .yaml and .json", () => {
    const files = {
      "base.yaml": "a: 1\n",
      "dev/dev.json": '{"b": 2}',
      "tenants/acme.json": '{"tenant": {}, "c": 3}',
    };
    expect(get(files, { environment: "dev", tenant: "acme" })).toEqual({ a: 1, b: 2, tenant: {}, c: 3 });
  });

  test.each([
    ["development", "dev"],
    ["production", "prod"],
  ])("%s is another name for %s", (alias, name) => {
    expect(engineOf(tree(full)).resolve({ environment: alias })).toMatchObject({
      scope: { environment: name },
    });
  });
});

describe("errors that name what is missing", () => {
  test.each<[string, Tree, ResolveRequest, object]>([
    [
      "an unknown environment",
      full,
      { environment: "prot" },
      { code: "config.unknown-environment", hint: "did you mean prod?" },
    ],
    [
      "__proto__ as an environment",
      full,
      { environment: "__proto__" },
      { code: "config.unknown-environment" },
    ],
    [
      "constructor as an environment",
      full,
      { environment: "constructor" },
      { code: "config.unknown-environment" },
    ],
    [
      "an unknown tenant",
      full,
      { environment: "dev", tenant: "acne" },
      { code: "config.unknown-tenant", hint: "did you mean acme?" },
    ],
    [
      "an unknown override",
      full,
      { environment: "dev", overrides: ["ona"] },
      {
        code: "file.not-found",
        hint: "did you mean one?",
        where: { file: "environments/dev/overrides/ona.yml" },
      },
    ],
    [
      "an unknown layer",
      full,
      { environment: "dev", without: ["tennant"] },
      { code: "layer.unknown", hint: "did you mean tenant?" },
    ],
    [
      "a missing file of an environment",
      full,
      { environment: "staging" },
      { code: "file.not-found", where: { file: "environments/staging/staging.yml" } },
    ],
    [
      "a tenant that lives elsewhere only",
      { ...full, "prod/tenants/far.yml": "a: 1\n" },
      { environment: "dev", tenant: "far" },
      { code: "config.unknown-tenant", message: expect.stringContaining("does not live in dev") },
    ],
    [
      "two files for one place",
      { ...full, "base.json": "{}" },
      { environment: "dev" },
      {
        code: "file.ambiguous",
        where: { file: "environments/base.yml" },
        related: [{ file: "environments/base.json" }],
      },
    ],
  ])("%s", (_, files, request, error) => {
    expect(failure(() => engineOf(tree(files)).resolve(request))).toMatchObject(error);
  });
});

describe("names that reach for other files", () => {
  test.each([
    "../acme",
    "..",
    "a/../../b",
    "/etc/passwd",
    "a/b",
    "a\\b",
    "a..b",
    "",
    ".hidden",
    "a\0b",
    "x".repeat(64),
    "*",
    "é",
  ])("the tenant id %j is refused", (tenant) => {
    const engine = engineOf(tree(full));
    expect(failure(() => engine.resolve({ environment: "dev", tenant })).code).toBe("config.tenant-id");
  });

  test.each(["../../tenants/acme", "..", "/etc/passwd", "a\\b", "*", "o*", "", "a\0"])(
    "the override %j is refused",
    (name) => {
      const engine = engineOf(tree(full));
      expect(failure(() => engine.resolve({ environment: "dev", overrides: [name] })).code).toBe(
        "usage.argument",
      );
    },
  );

  test.each(["../../../etc/passwd", "..", "/etc", "a/../../b", "a/b", "*", "g*", "a\\b", "a\0b"])(
    "the attribute %j is refused where it stands",
    (tier) => {
      const files = { ...full, "tenants/acme.yml": `tenant:\n  tier: ${JSON.stringify(tier)}\n` };
      expect(
        failure(() => engineOf(tree(files)).resolve({ environment: "dev", tenant: "acme" })),
      ).toMatchObject({
        code: "layer.attribute",
        where: { file: "environments/tenants/acme.yml", line: 2, column: 9, path: "tenant.tier" },
      });
    },
  );

  test.each([
    ["../../../etc/passwd.yml", "file.outside"],
    ["/etc/passwd.yml", "file.not-found"],
    ["../../..", "file.outside"],
    ["none.yml", "file.not-found"],
    ["..", "file.not-found"],
    ["dev.txt", "file.not-found"],
    ["stagin", "file.not-found"],
  ])("extends: %s is %s", (parent, code) => {
    const files = { "dev/dev.yml": `a: 1\nextends: [${parent}]\n` };
    expect(failure(() => engineOf(tree(files)).resolve({ environment: "dev" }))).toMatchObject({
      code,
      where: { file: "environments/dev/dev.yml", line: 2, column: 11 },
    });
  });

  test("a link out of the tree is refused", () => {
    const base = mkdtempSync(join(tmpdir(), "lotse-links-"));
    try {
      const root = join(base, "workspace");
      mkdirSync(join(root, "environments/dev"), { recursive: true });
      mkdirSync(join(base, "outside"));
      writeFileSync(join(root, "lotse.yml"), "version: 1\n");
      writeFileSync(join(root, "environments/dev/dev.yml"), "a: ${file:link.txt}\n");
      writeFileSync(join(base, "outside/secret.yml"), "a: 1\n");
      symlinkSync(join(base, "outside/secret.yml"), join(root, "environments/dev/link.txt"));
      const engine = engineOn(new DirectoryFiles(root));
      expect(engine.resolve({ environment: "dev" }).diagnostics).toMatchObject([
        { code: "reference.denied", where: { file: "environments/dev/dev.yml", line: 1, column: 4 } },
      ]);
      symlinkSync(join(base, "outside/secret.yml"), join(root, "environments/base.yml"));
      engine.refresh();
      expect(failure(() => engine.resolve({ environment: "dev" }))).toMatchObject({
        code: "file.outside",
        where: { file: "environments/base.yml" },
      });
      symlinkSync(join(base, "outside"), join(root, "environments/tenants"));
      expect(failure(() => engineOn(new DirectoryFiles(root)).tenants.all()).code).toBe("file.outside");
    } finally {
      rmSync(base, { recursive: true });
    }
  });
});

describe("extends", () => {
  const environment = { environment: "prod" };
  test.each<[string, Tree, readonly string[]]>([
    [
      "an environment",
      { "prod/prod.yml": "extends: dev\n", "dev/dev.yml": "" },
      ["dev/dev.yml", "prod/prod.yml"],
    ],
    [
      "an environment by its alias",
      { "prod/prod.yml": "extends: development\n", "dev/dev.yml": "" },
      ["dev/dev.yml", "prod/prod.yml"],
    ],
    [
      "a file beside",
      { "prod/prod.yml": "extends: x.yml\n", "prod/x.yml": "" },
      ["prod/x.yml", "prod/prod.yml"],
    ],
    [
      "a file above",
      { "prod/prod.yml": "extends: ../p/x.yml\n", "p/x.yml": "" },
      ["p/x.yml", "prod/prod.yml"],
    ],
    [
      "a file with another ending",
      { "prod/prod.yml": "extends: ./x.yml\n", "prod/x.json": "" },
      ["prod/x.json", "prod/prod.yml"],
    ],
    [
      "a list, the later above",
      { "prod/prod.yml": "extends: [a.yml, b.yml]\n", "prod/a.yml": "", "prod/b.yml": "" },
      ["prod/a.yml", "prod/b.yml", "prod/prod.yml"],
    ],
    [
      "the extended extend",
      { "prod/prod.yml": "extends: a.yml\n", "prod/a.yml": "extends: b.yml\n", "prod/b.yml": "" },
      ["prod/b.yml", "prod/a.yml", "prod/prod.yml"],
    ],
    [
      "a diamond, each once",
      {
        "prod/prod.yml": "extends: [a.yml, b.yml]\n",
        "prod/a.yml": "extends: c.yml\n",
        "prod/b.yml": "extends: c.yml\n",
        "prod/c.yml": "",
      },
      ["prod/c.yml", "prod/a.yml", "prod/b.yml", "prod/prod.yml"],
    ],
    [
      "the same file twice",
      { "prod/prod.yml": "extends: [a.yml, a.yml]\n", "prod/a.yml": "" },
      ["prod/a.yml", "prod/prod.yml"],
    ],
  ])("%s", (_, files, order) => {
    expect(layers(files, environment).map(([, file]) => file)).toEqual(order);
  });

  test("a parent is overridden by its child and is no key of the result", () => {
    const files = { "prod/prod.yml": "extends: dev\na: {x: 2}\n", "dev/dev.yml": "a: {x: 1, y: 1}\n" };
    expect(get(files, environment)).toEqual({ a: { x: 2, y: 1 } });
  });

  test("tenants and overrides may extend, too", () => {
    const files = {
      ...full,
      "dev/overrides/one.yml": "extends: two.yml\n",
      "tenants/acme.yml": "extends: ../profiles/p.yml\n",
      "profiles/p.yml": "p: 1\n",
    };
    expect(layers(files, { environment: "dev", tenant: "acme", overrides: ["one"] })).toEqual([
      ["base", "base.yml"],
      ["environment", "dev/dev.yml"],
      ["override", "dev/overrides/two.yml"],
      ["override", "dev/overrides/one.yml"],
      ["tenant", "profiles/p.yml"],
      ["tenant", "tenants/acme.yml"],
      ["environment-tenant", "dev/tenants/acme.yml"],
    ]);
  });

  test.each<[string, Tree, string, string, number, number]>([
    [
      "itself",
      { "prod/prod.yml": "extends: prod\n" },
      "environments/prod/prod.yml → environments/prod/prod.yml",
      "prod",
      1,
      10,
    ],
    [
      "each other",
      { "prod/prod.yml": "extends: a.yml\n", "prod/a.yml": "# c\nextends: prod.yml\n" },
      "environments/prod/prod.yml → environments/prod/a.yml → environments/prod/prod.yml",
      "a",
      2,
      10,
    ],
    [
      "through the second parent",
      {
        "prod/prod.yml": "extends: [b.yml, a.yml]\n",
        "prod/b.yml": "",
        "prod/a.yml": "extends:\n  - b.yml\n  - a.yml\n",
      },
      "environments/prod/a.yml → environments/prod/a.yml",
      "a",
      3,
      5,
    ],
  ])("a circle is an error with its whole way: %s", (_, files, way, file, line, column) => {
    expect(failure(() => engineOf(tree(files)).resolve(environment))).toMatchObject({
      code: "layer.extends-cycle",
      message: expect.stringContaining(`: ${way}`),
      where: { file: `environments/prod/${file}.yml`, line, column },
    });
  });

  test("diamonds on diamonds end", () => {
    const files: Record<string, string> = {
      "prod/prod.yml": "extends: [a60.yml, b60.yml]\n",
      "prod/a0.yml": "v: a\n",
      "prod/b0.yml": "v: b\n",
    };
    for (let level = 1; level <= 60; level++) {
      for (const name of ["a", "b"])
        files[`prod/${name}${level}.yml`] = `extends: [a${level - 1}.yml, b${level - 1}.yml]\n`;
    }
    expect(layers(files, environment)).toHaveLength(123);
  });

  test("a chain that is too long is an error with a place", () => {
    const files: Record<string, string> = {
      "prod/prod.yml": "extends: a5000.yml\n",
      "prod/a0.yml": "v: 1\n",
    };
    for (let level = 1; level <= 5000; level++) files[`prod/a${level}.yml`] = `extends: a${level - 1}.yml\n`;
    expect(failure(() => engineOf(tree(files)).resolve(environment))).toMatchObject({
      code: "parse.too-deep",
      where: { file: expect.stringMatching(/a\d+\.yml$/u), line: 1, column: 10 },
    });
  });
});

describe("overrides", () => {
  test.each([
    [["one", "two"], "two"],
    [["two", "one"], "one"],
    [["one", "two", "one"], "two"],
    [[], "dev"],
  ])("%j: the last wins, each applies once", (overrides, value) => {
    expect(get(full, { environment: "dev", overrides }, "v")).toBe(value);
  });
});

describe("attributes", () => {
  test.each<[string, string, string, readonly string[]]>([
    ["both", "tenant: {tier: gold, region: eu}", "", ["tier", "region"]],
    ["one", "tenant: {region: eu}", "", ["region"]],
    ["none", "v: 1", "", []],
    ["one whose layer has no file", "tenant: {tier: none}", "", []],
    ["one that is null", "tenant: {tier: }", "", []],
    ["one that is a list", "tenant: {tier: [gold]}", "", []],
    [
      "one in the environment's file of the tenant, which is above",
      "tenant: {tier: none}",
      "tenant: {tier: gold}",
      ["tier"],
    ],
  ])("%s", (_, own, inEnvironment, expected) => {
    const files = { ...full, "tenants/acme.yml": own, "dev/tenants/acme.yml": inEnvironment };
    const names = layers(files, { environment: "dev", tenant: "acme" }).map(([layer]) => layer);
    expect(names.filter((name) => name === "tier" || name === "region")).toEqual(expected);
  });

  test("a number keeps its text in the path", () => {
    const files = { ...full, "tenants/acme.yml": "tenant: {tier: 1.10}\n", "tiers/1.10.yml": "t: 1\n" };
    expect(layers(files, { environment: "dev", tenant: "acme" })).toContainEqual(["tier", "tiers/1.10.yml"]);
  });

  test("leaving out the tenant's layer leaves its tier", () => {
    const request = { environment: "dev", tenant: "acme", without: ["tenant", "environment-tenant"] };
    expect(layers(full, request).map(([layer]) => layer)).toEqual(["base", "environment", "tier", "region"]);
  });
});

describe("tenants", () => {
  test("are those with a file of their own, sorted", () => {
    const engine = engineOf(
      tree({
        ...full,
        "tenants/zeta.yaml": "",
        "tenants/beta.json": "{}",
        "tenants/readme.md": "",
        "tenants/.hidden.yml": "",
        "prod/tenants/only-prod.yml": "",
      }),
    );
    expect(engine.tenants.all()).toEqual(["acme", "beta", "only-prod", "zeta"]);
    expect(engine.tenants.of("dev")).toEqual(["acme", "beta", "zeta"]);
    expect(engine.tenants.of("prod")).toEqual(["acme", "beta", "only-prod", "zeta"]);
  });

  test.each([
    ["[dev]", ["dev"]],
    ["[development, prod]", ["dev", "prod"]],
    ["[]", []],
    ["[unknown]", []],
    ["dev", ["dev", "staging", "prod"]],
  ])("tenant.environments: %s", (declared, environments) => {
    const engine = engineOf(tree({ "tenants/acme.yml": `tenant: {environments: ${declared}}\n` }));
    expect(["dev", "staging", "prod"].filter((name) => engine.tenants.of(name).includes("acme"))).toEqual(
      environments,
    );
  });

  test("one whose file is broken lives everywhere, and resolving it says why", () => {
    const engine = engineOf(tree({ ...full, "tenants/acme.yml": "a: [\n" }));
    expect(engine.tenants.of("dev")).toEqual(["acme"]);
    expect(failure(() => engine.resolve({ environment: "dev", tenant: "acme" }))).toMatchObject({
      code: "parse.syntax",
      where: { file: "environments/tenants/acme.yml", line: 2 },
    });
  });

  test("a file whose id is another's is an error", () => {
    const engine = engineOf(tree({ ...full, "tenants/acme.yml": "tenant:\n  id: other\n" }));
    expect(failure(() => engine.resolve({ environment: "dev", tenant: "acme" }))).toMatchObject({
      code: "config.tenant-id",
      where: { file: "environments/tenants/acme.yml", line: 2, column: 7, path: "tenant.id" },
    });
  });

  test("may have a directory each, and be part of a file's name", () => {
    const files = {
      "lotse.yml": 'version: 1\nlayers: ["tenants/{tenant}/main.yml", "extra/t-{tenant}.extra.yml"]\n',
      "tenants/acme/main.yml": "a: 1\n",
      "tenants/empty/other.yml": "",
      "extra/t-acme.extra.yml": "b: 2\n",
      "extra/t-beta.extra.yml": "b: 3\n",
    };
    expect(engineOf(tree(files)).tenants.all()).toEqual(["acme", "beta"]);
    expect(get(files, { environment: "dev", tenant: "acme" })).toEqual({ a: 1, b: 2 });
  });
});

describe("globs", () => {
  const declared = (pattern: string): string =>
    `version: 1\nlayers:\n  - {name: parts, path: "${pattern}"}\n`;
  test.each([
    ["parts/*.yml", ["a.yml", "b-x.yml", "b-y.yml"]],
    ["parts/b-*.yml", ["b-x.yml", "b-y.yml"]],
    ["parts/*-x.yml", ["b-x.yml"]],
    ["parts/none-*.yml", []],
  ])("%s", (pattern, names) => {
    const files = {
      "lotse.yml": declared(pattern),
      "parts/b-y.yml": "",
      "parts/a.yml": "",
      "parts/b-x.yml": "",
      "parts/c.txt": "",
    };
    expect(layers(files, { environment: "dev" }).map(([, file]) => file)).toEqual(
      names.map((name) => `parts/${name}`),
    );
  });

  test.each(["*/x.yml", "parts/*-*.yml", "a/*/b/*.yml"])("%s is refused in lotse.yml", (pattern) => {
    expect(failure(() => engineOf(tree({ "lotse.yml": declared(pattern) })))).toMatchObject({
      code: "workspace.invalid",
      where: { file: "lotse.yml", line: 3, column: 5 },
    });
  });
});

describe("refresh", () => {
  function world() {
    const files = new MemoryFiles({
      "lotse.yml": "version: 1\n",
      ...tree(full),
      "environments/t.txt": "text",
      "environments/base.yml": "v: base\nt: ${file:t.txt}\n",
    });
    const engine = engineOn(files);
    return {
      files,
      engine,
      get: (path: string) => engine.resolve({ environment: "dev", tenant: "acme" }).get(path),
    };
  }

  test("nothing is read twice, and changes are not seen before", () => {
    const { files, engine, get } = world();
    expect(get("v")).toBe("acme in dev");
    const read = files.reads.filter((path) => path.endsWith(".yml")).length;
    files.write("environments/dev/tenants/acme.yml", "v: changed\n");
    expect(get("v")).toBe("acme in dev");
    expect(files.reads.filter((path) => path.endsWith(".yml"))).toHaveLength(read);
    engine.refresh();
    expect(get("v")).toBe("changed");
    expect(files.reads.filter((path) => path.endsWith(".yml"))).toHaveLength(read + 1);
  });

  test.each<[string, (files: MemoryFiles) => void, readonly string[], string, unknown]>([
    [
      "a changed file",
      (files) => files.write("environments/dev/tenants/acme.yml", "v: x\n"),
      ["environments/dev/tenants/acme.yml"],
      "v",
      "x",
    ],
    [
      "a removed file",
      (files) => files.remove("environments/dev/tenants/acme.yml"),
      ["environments/dev/tenants/acme.yml"],
      "v",
      "acme",
    ],
    [
      "a new file",
      (files) => files.write("environments/tiers/silver.yml", "s: 1\n"),
      ["environments/tiers/silver.yml"],
      "s",
      undefined,
    ],
    [
      "a changed lotse.yml",
      (files) => files.write("lotse.yml", "version: 1\nlayers: [base.yml, 'tenants/{tenant}.yml']\n"),
      ["lotse.yml"],
      "v",
      "acme",
    ],
    [
      "a text that a reference reads",
      (files) => files.write("environments/t.txt", "new"),
      ["environments/t.txt"],
      "t",
      "new",
    ],
  ])("sees %s, alone or among all", (_, change, paths, path, value) => {
    for (const named of [paths, undefined]) {
      const { files, engine, get } = world();
      get("v");
      change(files);
      engine.refresh(named);
      expect(get(path)).toBe(value);
    }
  });

  test("a broken file is told each time until it is repaired", () => {
    const { files, engine, get } = world();
    files.write("environments/base.yml", "v: [\n");
    engine.refresh();
    expect(failure(() => get("v")).code).toBe("parse.syntax");
    expect(failure(() => get("v")).code).toBe("parse.syntax");
    files.write("environments/base.yml", "v: base\n");
    engine.refresh(["environments/base.yml"]);
    expect(get("v")).toBe("acme in dev");
  });
});
