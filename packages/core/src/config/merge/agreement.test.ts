import { describe, expect, test } from "vitest";
import { engineOf } from "../testing/workspace.ts";

function resolve(files: Readonly<Record<string, string>>, layer = 'path: "parts/*.yml"', schema = "{}") {
  const engine = engineOf({
    "lotse.yml": `version: 1\nschema: schema.yml\nenvironments: {dev: {}}\nlayers:\n  - {name: base, path: base.yml}\n  - {name: parts, ${layer}}\n  - {name: top, path: top.yml}\n`,
    "schema.yml": schema,
    ...Object.fromEntries(Object.entries(files).map(([path, text]) => [`environments/${path}`, text])),
  });
  return engine.resolve({ environment: "dev" });
}

describe("layers of equal rank", () => {
  test.each([
    ["different paths", "x: {a: 1}", "x: {b: 2}", ""],
    ["the same value", "x: {a: 1}", "x: {a: 1}", ""],
    ["the same value written differently", "x: 1.0", "x: 1", ""],
    ["the same list", "x: [1, {a: b}]", "x:\n  - 1\n  - a: b\n", ""],
    ["null and null", "x:", "x: ~", ""],
    ["lists that both append", "x: !append [1]", "x: !append [2]", ""],
    ["lists that the schema adds together", "x: [1]", "x: [2]", "x-merge: union"],
    ["items of different names", "x: [{name: a, v: 1}]", "x: [{name: b, v: 2}]", "x-merge: byKey"],
    ["the same item with different keys", "x: [{name: a, v: 1}]", "x: [{name: a, w: 2}]", "x-merge: byKey"],
    ["two deletions", "x: !delete", "x: !delete", ""],
  ])("may both have %s", (_, one, two, keywords) => {
    const { diagnostics } = resolve(
      { "parts/1.yml": one, "parts/2.yml": two },
      undefined,
      `properties: {x: {${keywords}}}`,
    );
    expect(diagnostics).toEqual([]);
  });

  test.each([
    ["texts", "x: a", "x: b", "", "x"],
    ["a text deep down", "x: {a: {b: 1}}", "x: {a: {b: 2}}", "", "x.a.b"],
    ["lists", "x: [1]", "x: [2]", "", "x"],
    ["null and a text", "x:", "x: a", "", "x"],
    ["a deletion and a value", "x: !delete", "x: a", "", "x"],
    ["a list that appends and one that replaces", "x: !append [1]", "x: [2]", "", "x"],
    ["maps of which one replaces", "x: {a: 1}", "x: !replace {b: 2}", "", "x"],
    ["maps that the schema replaces", "x: {a: 1}", "x: {b: 2}", "x-merge: replace", "x"],
    ["maps of which the first stays", "x: {a: 1}", "x: {b: 2}", "x-merge: first", "x"],
    ["items of the same name", "x: [{name: a, v: 1}]", "x: [{name: a, v: 2}]", "x-merge: byKey", "x.a.v"],
    ["items by !merge", "x: !merge [{name: a, v: 1}]", "x: !merge [{name: a, v: 2}]", "", "x.a.v"],
    ["an item and its deletion", "x: [{name: a, v: 1}]", "x: [!delete {name: a}]", "x-merge: byKey", "x.a"],
  ])("must not disagree in %s", (_, one, two, keywords, path) => {
    const { diagnostics } = resolve(
      { "parts/1.yml": one, "parts/2.yml": `# c\n${two}` },
      undefined,
      `properties: {x: {${keywords}}}`,
    );
    expect(diagnostics.filter(({ code }) => code === "layer.equal-rank")).toMatchObject([
      {
        severity: "error",
        where: { file: "environments/parts/2.yml", line: 2, path },
        related: [{ file: "environments/parts/1.yml", line: 1, path }],
      },
    ]);
  });

  test("all pairs are compared, also where files extend others", () => {
    const { diagnostics } = resolve({
      "parts/1.yml": "extends: ../p.yml\nx: 1\n",
      "parts/2.yml": "extends: ../q.yml\ny: 1\n",
      "parts/3.yml": "x: 3\n",
      "p.yml": "z: 1\n",
      "q.yml": "z: 1\n",
    });
    expect(diagnostics).toMatchObject([
      {
        code: "layer.equal-rank",
        where: { file: "environments/parts/3.yml" },
        related: [{ file: "environments/parts/1.yml" }],
      },
    ]);
  });

  test("the files of `paths` have one rank", () => {
    const { diagnostics } = resolve({ "a.yml": "x: 1", "b.yml": "x: 2" }, "paths: [a.yml, b.yml]");
    expect(diagnostics).toMatchObject([
      { code: "layer.equal-rank", where: { file: "environments/b.yml", line: 1, column: 4 } },
    ]);
  });

  test("a layer above does not settle a disagreement, a layer below is no part of it", () => {
    const snapshot = resolve({
      "base.yml": "x: 0",
      "parts/1.yml": "x: 1",
      "parts/2.yml": "x: 2",
      "top.yml": "x: 3",
    });
    expect(snapshot.diagnostics).toHaveLength(1);
    expect(snapshot.get("x")).toBe(3);
  });

  test("overrides are no layers of equal rank", () => {
    const engine = engineOf({
      "environments/dev/dev.yml": "x: 0\n",
      "environments/dev/overrides/a.yml": "x: 1\n",
      "environments/dev/overrides/b.yml": "x: 2\n",
    });
    const snapshot = engine.resolve({ environment: "dev", overrides: ["b", "a"] });
    expect([snapshot.get("x"), snapshot.diagnostics]).toEqual([1, []]);
  });

  test("a file that one environment reads and another inherits counts in the former only", () => {
    const tree = {
      "lotse.yml":
        'version: 1\nenvironments: {dev: {}, prod: {}}\nlayers:\n  - {name: environment, path: "{env}/*.yml"}\n',
      "environments/dev/dev.yml": "x: 1\n",
      "environments/dev/more.yml": "x: 2\n",
      "environments/prod/prod.yml": "extends: dev\nx: 3\n",
    };
    const found = (order: readonly string[]): unknown => {
      const engine = engineOf(tree);
      return Object.fromEntries(
        order.map((environment) => [
          environment,
          engine.resolve({ environment }).diagnostics.map(({ code }) => code),
        ]),
      );
    };
    expect(found(["dev", "prod"])).toEqual({ dev: ["layer.equal-rank"], prod: [] });
    expect(found(["prod", "dev"])).toEqual({ dev: ["layer.equal-rank"], prod: [] });
  });
});
