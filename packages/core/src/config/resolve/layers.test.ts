import { describe, expect, test } from "vitest";
import { full, layersOf, tree } from "../testing/tree.ts";
import { engineOf, engineOn, failure, MemoryFiles, type Tree } from "../testing/workspace.ts";
import type { ResolveRequest } from "./request.ts";

function get(files: Tree, request: ResolveRequest, path = ""): unknown {
  const snapshot = engineOf(tree(files)).resolve(request);
  expect(snapshot.diagnostics).toEqual([]);
  return snapshot.get(path);
}

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
    expect(layersOf(full, { environment: "dev" }).map(([layer]) => layer)).toEqual(["base", "environment"]);
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
    expect(layersOf(files, { environment: "dev" }).map(([, file]) => file)).toEqual(
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

  test("the schema is read when it is first wanted; where it breaks later, the one before stays", () => {
    const files = new MemoryFiles({
      "lotse.yml": "version: 1\nschema: schema.yml\n",
      ...tree(full),
      "schema.yml": "type: [\n",
    });
    const engine = engineOn(files);
    expect([engine.workspace.schema, engine.environment("dev")]).toEqual(["schema.yml", "dev"]);
    expect(failure(() => engine.schema).code).toBe("parse.syntax");
    expect(failure(() => engine.resolve({ environment: "dev" })).code).toBe("parse.syntax");
    files.write("schema.yml", "type: object\n");
    engine.refresh(["schema.yml"]);
    const { schema } = engine;
    expect(schema?.value).toEqual({ type: "object" });
    files.write("schema.yml", "type: [\n");
    expect(failure(() => engine.refresh()).code).toBe("parse.syntax");
    expect(engine.schema).toBe(schema);
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
