import { describe, expect, test } from "vitest";
import { full, layersOf, tree } from "../testing/tree.ts";
import { engineOf, failure, type Tree } from "../testing/workspace.ts";
import type { ResolveRequest } from "./request.ts";

function get(files: Tree, request: ResolveRequest, path = ""): unknown {
  const snapshot = engineOf(tree(files)).resolve(request);
  expect(snapshot.diagnostics).toEqual([]);
  return snapshot.get(path);
}

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
    expect(layersOf(files, environment).map(([, file]) => file)).toEqual(order);
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
    expect(layersOf(files, { environment: "dev", tenant: "acme", overrides: ["one"] })).toEqual([
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
    expect(layersOf(files, environment)).toHaveLength(123);
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
