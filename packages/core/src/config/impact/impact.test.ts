import { execFileSync } from "node:child_process";
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { systemExec } from "../../kernel/index.ts";
import { compare } from "../provenance/difference.ts";
import { engineOf, type Tree } from "../testing/workspace.ts";
import { changedSince, GitFiles, hasRevision } from "./git-files.ts";
import { findImpact, findReach } from "./impact.ts";

const tree: Tree = {
  "environments/base.yml": "a: 1\nb: ${a}\nlist: [x]\nname: ${tenant.id}\n",
  "environments/dev/dev.yml": "c: 1\n",
  "environments/staging/staging.yml": "a: 5\n",
  "environments/prod/prod.yml": "c: 3\n",
  "environments/tiers/gold.yml": "quota: 10\n",
  "environments/tiers/iron.yml": "quota: 1\n",
  "environments/tenants/one.yml": "tenant: { id: one, tier: gold }\n",
  "environments/tenants/two.yml": "tenant: { id: two, tier: iron, environments: [prod] }\na: 7\n",
};

function impact(change: Tree) {
  return findImpact(engineOf(tree), engineOf({ ...tree, ...change }), new Set(Object.keys(change))).map(
    ({ environment, tenant, paths }) => `${environment}:${tenant ?? ""} ${paths.join(" ")}`,
  );
}

describe("findImpact", () => {
  it.each<[string, Tree, string[]]>([
    [
      "a value, also through a reference, where nothing overrides it",
      { "environments/base.yml": "a: 2\nb: ${a}\nlist: [x]\nname: ${tenant.id}\n" },
      ["dev:one a b", "prod:one a b"],
    ],
    [
      "a comment changes nothing",
      { "environments/base.yml": "# hello\na: 1\nb: ${a}\nlist: [x]\nname: ${tenant.id}\n" },
      [],
    ],
    [
      "a tier concerns its tenants",
      { "environments/tiers/gold.yml": "quota: 11\n" },
      ["dev:one quota", "staging:one quota", "prod:one quota"],
    ],
    [
      "a changed tier attribute picks another file",
      { "environments/tenants/one.yml": "tenant: { id: one, tier: iron }\n" },
      ["dev:one quota tenant.tier", "staging:one quota tenant.tier", "prod:one quota tenant.tier"],
    ],
    [
      "a new tenant is all of its values",
      { "environments/tenants/three.yml": "tenant: { id: three, environments: [dev] }\n" },
      ["dev:three a b list name c tenant.id tenant.environments"],
    ],
    [
      "a list item",
      { "environments/prod/prod.yml": "c: 3\nlist: [y]\n" },
      ["prod:one list[0]", "prod:two list[0]"],
    ],
  ])("%s", (_, change, expected) => expect(impact(change)).toEqual(expected));

  it("is exactly what comparing all scopes naively gives", () => {
    const change = { "environments/staging/staging.yml": "a: 6\nc: !delete\nlist: !append [z]\n" };
    const [before, after] = [engineOf(tree), engineOf({ ...tree, ...change })];
    const naive = after.workspace.environments.flatMap((environment) =>
      after.scopes(environment).map((scope) => ({
        ...scope,
        paths: compare(before.resolve(scope).root, after.resolve(scope).root).map(({ path }) => path),
      })),
    );
    expect(findImpact(before, after, new Set(Object.keys(change)))).toEqual(
      naive.filter(({ paths }) => paths.length > 0),
    );
  });

  it("tells why where the new state does not resolve", () => {
    const [first] = findImpact(
      engineOf(tree),
      engineOf({ ...tree, "environments/dev/dev.yml": "c: [" }),
      new Set(["environments/dev/dev.yml"]),
    );
    expect(first?.problem).toContain("parse.syntax");
  });
});

it("findReach tells what a file decides", () => {
  const reach = findReach(engineOf(tree), new Set(["environments/tenants/two.yml"]));
  expect(reach).toEqual([
    {
      environment: "prod",
      tenant: "two",
      paths: ["a", "b", "name", "tenant.id", "tenant.tier", "tenant.environments[0]"],
    },
  ]);
});

describe("git", () => {
  function repository(sub: string) {
    const root = mkdtempSync(join(tmpdir(), "lotse-git-"));
    const directory = join(root, sub);
    const write = (path: string, text: string | Uint8Array): void => {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), text);
    };
    const git = (...args: string[]): void => {
      execFileSync("git", ["-C", root, "-c", "user.name=t", "-c", "user.email=t@example.com", ...args], {
        stdio: "pipe",
      });
    };
    mkdirSync(directory, { recursive: true });
    git("init", "-q");
    return { root, directory, write, git, remove: () => rmSync(root, { recursive: true }) };
  }

  it.each([".", "deep/workspace"])("reads a revision of a workspace in %s byte for byte", async (sub) => {
    const repo = repository(sub);
    const bytes = Uint8Array.from([0xc3, 0xa9, 0x0a, 0xff, 0x00, 0x0d, 0x0a]);
    repo.write("environments/ü mlaut.yml", bytes);
    repo.write("environments/empty.yml", "");
    repo.write("lotse.yml", "version: 1\n");
    expect(await hasRevision(repo.directory, systemExec)).toBe(false);
    repo.git("add", "-A");
    repo.git("commit", "-qm", "x");
    repo.write("lotse.yml", "version: 2\n");
    repo.write("environments/new.yml", "a: 1\n");
    const files = await GitFiles.open(repo.directory, "HEAD", systemExec, () => true);
    expect([...(files.read("environments/ü mlaut.yml") ?? [])]).toEqual([...bytes]);
    expect(files.read("environments/empty.yml")?.length).toBe(0);
    expect(files.read("environments/new.yml")).toBeUndefined();
    expect(files.list("environments")).toEqual(["empty.yml", "ü mlaut.yml"]);
    expect(await changedSince(repo.directory, "HEAD", systemExec)).toEqual(
      new Set(["lotse.yml", "environments/new.yml"]),
    );
    repo.remove();
  });

  it.each(["nope", "--help", "", "HEAD~9"])("the revision %j is refused", async (revision) => {
    const repo = repository(".");
    repo.write("a", "1");
    repo.git("add", "-A");
    repo.git("commit", "-qm", "x");
    await expect(changedSince(repo.directory, revision, systemExec)).rejects.toMatchObject({
      code: "git.failed",
    });
    repo.remove();
  });
});
