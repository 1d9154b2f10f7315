import { describe, expect, test } from "vitest";
import { formatWhere } from "../../kernel/index.ts";
import { toPlain } from "../model/plain.ts";
import type { ResolveRequest } from "../resolve/request.ts";
import { engineOf, failure, stack, type EngineSettings, type Tree } from "../testing/workspace.ts";
import { explain, explainAll, type Candidate, type Explanation } from "./explain.ts";
import { whyNot } from "./why-not.ts";

const dev: ResolveRequest = { environment: "dev" };

function told(texts: readonly string[], path: string, schema?: string): Explanation {
  return explain(engineOf(stack(texts, schema)).resolve(dev), path);
}

/** `layer file:line:column = value`, which makes tables readable. */
function brief({ layer, file, line, column, node }: Candidate): string {
  const place = `${layer} ${file.replace("environments/", "")}:${line}:${column}`;
  return node === undefined ? `${place} deleted` : `${place} = ${JSON.stringify(toPlain(node))}`;
}

function story(explanation: Explanation): readonly string[] {
  return [brief(explanation), ...explanation.candidates.map(brief)];
}

describe("explain", () => {
  test.each<[string, readonly string[], string, readonly string[]]>([
    ["one layer", ["a: 1\n"], "a", ["l0 l0.yml:1:4 = 1"]],
    [
      "the highest wins",
      ["a: 1\n", "a: 2\n", "a: 3\n"],
      "a",
      ["l2 l2.yml:1:4 = 3", "l1 l1.yml:1:4 = 2", "l0 l0.yml:1:4 = 1"],
    ],
    [
      "a layer that does not set it is no candidate",
      ["a: 1\n", "b: 2\n", "a: 3\n"],
      "a",
      ["l2 l2.yml:1:4 = 3", "l0 l0.yml:1:4 = 1"],
    ],
    [
      "the same value again is a candidate",
      ["a: 1\n", "a: 1\n"],
      "a",
      ["l1 l1.yml:1:4 = 1", "l0 l0.yml:1:4 = 1"],
    ],
    ["a lower layer alone", ["a: {x: 1}\n", "a: {y: 2}\n"], "a.x", ["l0 l0.yml:1:8 = 1"]],
    ["a quoted value", ["a:\n  b: 'x'\n"], "a.b", ['l0 l0.yml:2:6 = "x"']],
    ["an empty value", ["a:\n  b:\n"], "a.b", ["l0 l0.yml:2:3 = null"]],
    [
      "a deletion that was undone",
      ["a: 1\n", "a: !delete\n", "a: 2\n"],
      "a",
      ["l2 l2.yml:1:4 = 2", "l1 l1.yml:1:4 deleted", "l0 l0.yml:1:4 = 1"],
    ],
    [
      "a replaced map's lower value",
      ["a: {x: 1}\n", "a: !replace {x: 2}\n"],
      "a.x",
      ["l1 l1.yml:1:17 = 2", "l0 l0.yml:1:8 = 1"],
    ],
    [
      "a map, placed in the last layer that adds to it",
      ["a: {x: 1}\n", "a: {y: 2}\n"],
      "a",
      ['l1 l1.yml:1:4 = {"x":1,"y":2}', 'l0 l0.yml:1:4 = {"x":1}'],
    ],
    ["a replaced list", ["a: [1]\n", "a: [2, 3]\n"], "a[1]", ["l1 l1.yml:1:8 = 3"]],
    [
      "a replaced list's lower item",
      ["a: [1]\n", "a: [2]\n"],
      "a[0]",
      ["l1 l1.yml:1:5 = 2", "l0 l0.yml:1:5 = 1"],
    ],
    ["an appended item", ["a: [1]\n", "a: !append [2]\n"], "a[1]", ["l1 l1.yml:1:13 = 2"]],
    ["an item below what is appended", ["a: [1]\n", "a: !append [2]\n"], "a[0]", ["l0 l0.yml:1:5 = 1"]],
    [
      "an item merged by key",
      ["a: [{name: x, v: 1}]\n", "a: !merge [{name: x, v: 2}]\n"],
      "a[0].v",
      ["l1 l1.yml:1:25 = 2", "l0 l0.yml:1:18 = 1"],
    ],
    [
      "an item merged by key, what only the lower sets",
      ["a: [{name: x, v: 1}]\n", "a: !merge [{name: x, w: 2}]\n"],
      "a[0].v",
      ["l0 l0.yml:1:18 = 1"],
    ],
    ["a key with a dot", ['"a.b": 1\n'], '["a.b"]', ["l0 l0.yml:1:8 = 1"]],
  ])("%s", (_, texts, path, expected) => {
    expect(story(told(texts, path))).toEqual(expected);
  });

  test.each<[string, string, string, readonly string[], readonly string[]]>([
    ["first", "first", "a", ["a: 1\n", "a: 2\n"], ["l0 l0.yml:1:4 = 1", "l1 l1.yml:1:4 = 2"]],
    ["union", "union", "a[1]", ["a: [1, 2]\n", "a: [2, 3]\n"], ["l0 l0.yml:1:8 = 2"]],
    ["union, what it adds", "union", "a[2]", ["a: [1, 2]\n", "a: [2, 3]\n"], ["l1 l1.yml:1:8 = 3"]],
    [
      "byKey",
      "byKey",
      "a[1].v",
      ["a: [{name: x}, {name: y, v: 1}]\n", "a: [{name: y, v: 2}]\n"],
      ["l1 l1.yml:1:18 = 2", "l0 l0.yml:1:29 = 1"],
    ],
  ])("under x-merge: %s", (_, strategy, path, texts, expected) => {
    const explanation = told(texts, path, `properties: {a: {x-merge: ${strategy}}}\n`);
    expect(story(explanation)).toEqual(expected);
  });

  test.each<[string, readonly string[], string, string | undefined, string]>([
    ["a text", ["a: 1\n"], "a", undefined, "replace"],
    ["a map", ["a: {b: 1}\n"], "a", undefined, "deep"],
    ["a list", ["a: [1]\n"], "a", undefined, "replace"],
    ["what the schema says", ["a: [1]\n", "a: [2]\n"], "a", "union", "union"],
    ["a tag", ["a: [1]\n", "a: !prepend [2]\n"], "a", "union", "prepend"],
    ["the highest tag", ["a: !append [1]\n", "a: !prepend [2]\n"], "a", undefined, "prepend"],
  ])("tells the strategy of %s", (_, texts, path, strategy, expected) => {
    const schema = strategy === undefined ? undefined : `properties: {a: {x-merge: ${strategy}}}\n`;
    expect(told(texts, path, schema).strategy).toBe(expected);
  });

  test("tells the lock and whether it is a secret", () => {
    const schema =
      "properties: {a: {x-final: true, x-overridable-by: [set], x-guard: {min: 1}, x-secret: true}, b: {type: string}}\n";
    expect(told(["a: 1\nb: x\n"], "a", schema)).toMatchObject({
      lock: { final: true, overridableBy: ["set"], guard: { min: 1 } },
      secret: true,
    });
    expect(told(["a: 1\nb: x\n"], "b", schema)).toMatchObject({ lock: undefined, secret: false });
  });

  test.each<[string, string, string, string, string, readonly string[]]>([
    ["a whole value", "x: ${y}\ny: 5\n", "x", "l0.yml:1:4", "${y}", ["l0.yml:2:4"]],
    ["a text", "x: v${y}-${z}\ny: 5\nz: 6\n", "x", "l0.yml:1:4", "v${y}-${z}", ["l0.yml:2:4", "l0.yml:3:4"]],
    [
      "through another reference, one step",
      "x: ${y}\ny: ${z}\nz: 6\n",
      "x",
      "l0.yml:1:4",
      "${y}",
      ["l0.yml:2:4"],
    ],
    ["below a reference to a map", "x: ${y}\ny: {a: 5}\n", "x.a", "l0.yml:1:4", "${y}", ["l0.yml:2:8"]],
    ["below a reference to a list", "x: ${y}\ny: [5, 6]\n", "x[1]", "l0.yml:1:4", "${y}", ["l0.yml:2:8"]],
    ["a secret", "x: ${secret:a}\n", "x", "l0.yml:1:4", "${secret:a}", []],
    ["a default", "x: ${none:-5}\n", "x", "l0.yml:1:4", "${none:-5}", []],
  ])("a reference: %s", (_, text, path, place, reference, through) => {
    const explanation = told([text], path);
    expect(formatWhere(explanation)).toBe(`environments/${place}`);
    expect(explanation.reference).toBe(reference);
    expect(explanation.through.map(formatWhere)).toEqual(through.map((each) => `environments/${each}`));
  });

  test("what is no file is named, too", () => {
    const engine = engineOf({ "environments/dev/dev.yml": "a: x\n" }, { variables: { LOTSE__A: "y" } });
    const explanation = explain(engine.resolve({ ...dev, set: [{ path: "a", text: "z" }] }), "a");
    expect(story(explanation)).toEqual([
      'set --set a:1:1 = "z"',
      'process-environment env:LOTSE__A:1:1 = "y"',
      'environment dev/dev.yml:1:4 = "x"',
    ]);
  });

  test("an inherited value names the file that it was inherited from", () => {
    const engine = engineOf({
      "lotse.yml": "version: 1\n",
      "environments/base.yml": "a: 0\n",
      "environments/dev/dev.yml": "a: 1\n",
      "environments/prod/prod.yml": "extends: dev\nb: 1\n",
    });
    expect(story(explain(engine.resolve({ environment: "prod" }), "a"))).toEqual([
      "environment dev/dev.yml:1:4 = 1",
      "base base.yml:1:4 = 0",
    ]);
  });

  test.each([
    ["a.none", "config.unknown-path"],
    ["none", "config.unknown-path"],
    ["a..b", "parse.path"],
    ["__proto__", "parse.path"],
  ])("%s is %s", (path, code) => {
    expect(failure(() => told(["a: {b: 1}\n"], path)).code).toBe(code);
  });

  test("explainAll tells every leaf, in the order of the document", () => {
    const snapshot = engineOf(stack(['a: {b: 1, c: [x, {d: 2}]}\ne: {}\nf: []\n"g.h": 3\n'])).resolve(dev);
    expect(explainAll(snapshot, "").map(({ path }) => path)).toEqual([
      "a.b",
      "a.c[0]",
      "a.c[1].d",
      "e",
      "f",
      '["g.h"]',
    ]);
    expect(explainAll(snapshot, "a.c").map(({ path }) => path)).toEqual(["a.c[0]", "a.c[1].d"]);
  });
});

describe("whyNot", () => {
  const files: Tree = {
    "environments/base.yml": "a: base\nonly: base\n",
    "environments/dev/dev.yml": "a: dev\nlist: [1]\n",
    "environments/tenants/acme.yml": "tenant: {tier: gold}\na: acme\nlist: !append [2]\n",
    "environments/tiers/gold.yml": "a: gold\n",
  };
  const request = { environment: "dev", tenant: "acme" };
  const settings: EngineSettings = {};

  test.each([
    ["a", "tenant", "tier environments/tiers/gold.yml = gold"],
    ["a", "tier", "tenant environments/tenants/acme.yml = acme"],
    ["only", "tenant", "base environments/base.yml = base"],
    ["list", "tenant", "environment environments/dev/dev.yml = 1"],
    ["list", "environment", "tenant environments/tenants/acme.yml = 2"],
  ])("%s without %s", (path, layer, expected) => {
    const { node, ...place } = whyNot(engineOf(files, settings), request, path, layer);
    expect(`${place.layer} ${place.file} = ${String(toPlain(node))}`).toBe(expected);
  });

  test.each([
    ["only", "base", "config.unknown-path"],
    ["a", "tennant", "layer.unknown"],
  ])("%s without %s is %s", (path, layer, code) => {
    expect(failure(() => whyNot(engineOf(files), request, path, layer)).code).toBe(code);
  });

  test("adds to the layers that are left out already", () => {
    const without = { ...request, without: ["tenant"] };
    expect(whyNot(engineOf(files), without, "a", "tier").layer).toBe("environment");
  });
});
