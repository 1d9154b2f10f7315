import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { DirectoryFiles } from "../../kernel/index.ts";
import { full, layersOf, tree } from "../testing/tree.ts";
import { engineOf, engineOn, failure, type Tree } from "../testing/workspace.ts";
import type { ResolveRequest } from "./request.ts";

function get(files: Tree, request: ResolveRequest, path = ""): unknown {
  const snapshot = engineOf(tree(files)).resolve(request);
  expect(snapshot.diagnostics).toEqual([]);
  return snapshot.get(path);
}

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
    const names = layersOf(files, { environment: "dev", tenant: "acme" }).map(([layer]) => layer);
    expect(names.filter((name) => name === "tier" || name === "region")).toEqual(expected);
  });

  test("a number keeps its text in the path", () => {
    const files = { ...full, "tenants/acme.yml": "tenant: {tier: 1.10}\n", "tiers/1.10.yml": "t: 1\n" };
    expect(layersOf(files, { environment: "dev", tenant: "acme" })).toContainEqual([
      "tier",
      "tiers/1.10.yml",
    ]);
  });

  test("leaving out the tenant's layer leaves its tier", () => {
    const request = { environment: "dev", tenant: "acme", without: ["tenant", "environment-tenant"] };
    expect(layersOf(full, request).map(([layer]) => layer)).toEqual([
      "base",
      "environment",
      "tier",
      "region",
    ]);
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
