import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TreeEntry } from "../code-tree.ts";
import type { SealedSecrets } from "../sealed-secrets.ts";
import { codeDiff } from "./code-diff.ts";
import { groupByChange } from "./group.ts";
import { jsonDiff } from "./json-diff.ts";
import { migrationDiff } from "./migration-diff.ts";
import { secretDiff } from "./secret-diff.ts";

describe("two trees of JSON", () => {
  it.each<[unknown, unknown, object[]]>([
    [{ a: 1 }, { a: 1 }, []],
    [{ a: 1 }, { a: 2 }, [{ path: "a", kind: "changed", before: 1, after: 2 }]],
    [{ a: 1 }, { a: "1" }, [{ path: "a", kind: "changed", before: 1, after: "1" }]],
    [{}, { a: null }, [{ path: "a", kind: "added", before: null, after: null }]],
    [{ a: { b: 1 } }, { a: {} }, [{ path: "a.b", kind: "removed", before: 1, after: null }]],
    [{ a: { b: 1 } }, { a: 2 }, [{ path: "a", kind: "changed", before: { b: 1 }, after: 2 }]],
    [{ a: [1, 2] }, { a: [1] }, [{ path: "a[1]", kind: "removed", before: 2, after: null }]],
    [
      { "x.y": { "1": 1 } },
      { "x.y": { "1": 2 } },
      [{ path: '["x.y"]["1"]', kind: "changed", before: 1, after: 2 }],
    ],
    [{}, { __proto__x: 1, constructor: 2 }, [{ path: "__proto__x" }, { path: "constructor", kind: "added" }]],
    [{ a: {} }, { a: [] }, [{ path: "a", kind: "changed", before: {}, after: [] }]],
  ])("%j and %j", (before, after, expected) => expect(jsonDiff(before, after)).toMatchObject(expected));

  it("differ somewhere exactly when they are not equal", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (left, right) => {
        const [one, two] = [JSON.stringify(left), JSON.stringify(right)].map(
          (text) => JSON.parse(text) as unknown,
        );
        expect(jsonDiff(one, one)).toEqual([]);
        const differ = jsonDiff(one, two).length > 0;
        let same = true;
        try {
          expect(one).toEqual(two);
        } catch {
          same = false;
        }
        expect(differ).toBe(!same);
      }),
      { numRuns: 500 },
    );
  });
});

it("the same change of many tenants is told once", () => {
  expect(
    groupByChange([
      ["prod:a", { path: "x", after: 1 }],
      ["prod:b", { path: "x", after: 1 }],
      ["prod:b", { path: "y", after: 1 }],
      ["prod:c", { path: "x", after: 2 }],
    ]),
  ).toEqual([
    { path: "x", after: 1, scopes: ["prod:a", "prod:b"] },
    { path: "y", after: 1, scopes: ["prod:b"] },
    { path: "x", after: 2, scopes: ["prod:c"] },
  ]);
});

describe("the files of the code", () => {
  const file = (path: string, digest: string, mode: "644" | "755" = "644"): TreeEntry => ({
    type: "file",
    path,
    mode,
    digest: digest.repeat(64),
    size: 3,
  });
  it("differ by content, mode and kind", () => {
    const before = [
      file("gone", "0"),
      file("mode", "1"),
      file("same", "2"),
      file("text", "3"),
      file("turned", "4"),
    ];
    const after: TreeEntry[] = [
      file("mode", "1", "755"),
      file("new", "5"),
      file("same", "2"),
      file("text", "6"),
      { type: "link", path: "turned", target: "text" },
    ];
    expect(codeDiff(before, after)).toEqual([
      { path: "gone", kind: "removed", sizeBefore: 3, sizeAfter: null },
      { path: "mode", kind: "changed", sizeBefore: 3, sizeAfter: 3 },
      { path: "new", kind: "added", sizeBefore: null, sizeAfter: 3 },
      { path: "text", kind: "changed", sizeBefore: 3, sizeAfter: 3 },
      { path: "turned", kind: "changed", sizeBefore: 3, sizeAfter: null },
    ]);
  });
});

it("secrets differ by version, place and encryption, and are told without values", () => {
  const sealed = (secrets: SealedSecrets["secrets"]): SealedSecrets => ({
    schema: 1,
    files: [],
    missing: [],
    secrets,
  });
  const before = sealed({
    anew: { file: "a.yml", version: 1, token: "1" },
    gone: { file: "a.yml", version: 1, token: "1" },
    moved: { file: "a.yml", version: 1, token: "1" },
    rotated: { file: "a.yml", version: 1, token: "1" },
    same: { file: "a.yml", version: 1, token: "1" },
  });
  const after = sealed({
    anew: { file: "a.yml", version: 1, token: "2" },
    constructor: { file: "a.yml", version: 1, token: "1" },
    moved: { file: "b.yml", version: 1, token: "1" },
    rotated: { file: "a.yml", version: 2, token: "3" },
    same: { file: "a.yml", version: 1, token: "1" },
  });
  expect(secretDiff(before, after).map(({ name, kind }) => [name, kind])).toEqual([
    ["anew", "re-encrypted"],
    ["constructor", "added"],
    ["gone", "removed"],
    ["moved", "changed"],
    ["rotated", "changed"],
  ]);
  expect(secretDiff(null, null)).toEqual([]);
  expect(secretDiff(null, before)).toHaveLength(5);
});

it("migrations differ by file and content", () => {
  const migration = (path: string, digest: string, reversible = true) => ({
    path,
    digest: digest.repeat(64),
    reversible,
  });
  const before = {
    version: "1.0.0",
    migrations: [migration("a", "1"), migration("b", "1"), migration("c", "1")],
  };
  const after = {
    version: "2.0.0",
    migrations: [migration("a", "1"), migration("b", "2"), migration("d", "1", false)],
  };
  expect(migrationDiff(before, after)).toEqual({
    added: [{ path: "d", reversible: false }],
    removed: [{ path: "c", reversible: true }],
    changed: ["b"],
    irreversible: ["d"],
  });
});
