import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Migration } from "../release.ts";
import { readMigrations } from "./read-migrations.ts";
import { migrationsBetween, wayBack, type MigrationBearer } from "./way-back.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "lotse-migrations-"));
});
afterEach(() => rm(root, { recursive: true }));

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
}

const read = (irreversible: readonly string[] = []): Promise<readonly Migration[]> =>
  readMigrations({ directory: root, irreversible });

describe("migrations of a directory", () => {
  it("are its files, sorted, without those that undo one", async () => {
    await write({
      "002_b.sql": "b",
      "001_a.up.sql": "a",
      "001_a.down.sql": "undo a",
      "2026/001/up.sql": "c",
      "2026/001/down.sql": "undo c",
      "slow_down_users.sql": "d",
      ".gitkeep": "",
    });
    expect((await read()).map(({ path }) => path)).toEqual([
      "001_a.up.sql",
      "002_b.sql",
      "2026/001/up.sql",
      "slow_down_users.sql",
    ]);
  });

  it.each([
    ["-- lotse: irreversible\ndrop table a;", false],
    ["--lotse: irreversible", false],
    ["# lotse: irreversible", false],
    ["// Lotse: Irreversible", false],
    ["/*\n * lotse: irreversible\n */", false],
    ["create table a;\n-- lotse: irreversible", false],
    ["-- lotse: reversible", true],
    ["insert into notes values ('see lotse: irreversible');", true],
    ["", true],
  ])("%j", async (text, reversible) => {
    await write({ "1.sql": text });
    expect(await read()).toMatchObject([{ path: "1.sql", reversible }]);
  });

  it("are irreversible when lotse.yml says so, too", async () => {
    await write({ "001_a.sql": "a", "002_b.sql": "b", "old/003.sql": "c" });
    expect((await read(["001_a.sql", "old/*"])).map(({ reversible }) => reversible)).toEqual([
      false,
      true,
      false,
    ]);
  });

  it.each<[string, Readonly<Record<string, string>>, readonly string[]]>([
    ["a listed name that fits nothing", { "001.sql": "" }, ["0001.sql"]],
    ["a word that is misspelled", { "001.sql": "-- lotse: irreversable" }, []],
  ])("refuse %s", async (_, files, irreversible) => {
    await write(files);
    await expect(read(irreversible)).rejects.toMatchObject({ code: "release.migrations" });
  });

  it("refuse a directory that is not there", async () => {
    const source = { directory: join(root, "none"), irreversible: [] };
    await expect(readMigrations(source)).rejects.toMatchObject({ code: "release.migrations" });
  });
});

const bearer = (version: string, migrations?: readonly (readonly [string, boolean])[]): MigrationBearer => ({
  version,
  ...(migrations === undefined
    ? {}
    : { migrations: migrations.map(([path, reversible]) => ({ path, digest: "0".repeat(64), reversible })) }),
});

describe("the way back", () => {
  const one = bearer("1.0.0", [["a", true]]);
  const two = bearer("2.0.0", [
    ["a", true],
    ["b", true],
  ]);
  const three = bearer("3.0.0", [
    ["a", true],
    ["b", true],
    ["c", false],
    ["d", false],
  ]);

  it.each([
    ["nothing between", one, one, { ok: true }],
    ["what can be undone", one, two, { ok: true }],
    ["what cannot", two, three, { ok: false, irreversible: ["c", "d"] }],
    ["what cannot, looking back", three, two, { ok: false, irreversible: ["c", "d"] }],
    ["what cannot, further away", one, three, { ok: false, irreversible: ["c", "d"] }],
    ["no migrations at all", bearer("0"), bearer("1"), { ok: true }],
    ["the first release that names any", bearer("0"), three, { ok: false, irreversible: ["c", "d"] }],
    // A hotfix of 1.0.0 that has a migration of its own: neither is on the way to the other.
    [
      "branches",
      bearer("1.0.1", [
        ["a", true],
        ["x", true],
      ]),
      three,
      { ok: false, irreversible: ["c", "d"] },
    ],
  ])("%s", (_, from, to, expected) => expect(wayBack(from, to)).toEqual(expected));

  it("tells which migrations a deploy applies", () => {
    expect(migrationsBetween(one, three).map(({ path }) => path)).toEqual(["b", "c", "d"]);
    expect(migrationsBetween(three, one)).toEqual([]);
  });

  it("is the same in both directions, and never missing to where one is", () => {
    const list = fc.uniqueArray(fc.tuple(fc.constantFrom("a", "b", "c", "d"), fc.boolean()), {
      selector: ([path]) => path,
    });
    fc.assert(
      fc.property(list, list, (left, right) => {
        const [from, to] = [bearer("1.0.0", left), bearer("2.0.0", right)];
        const [there, back] = [wayBack(from, to), wayBack(to, from)];
        expect(there.ok).toBe(back.ok);
        expect(wayBack(from, from)).toEqual({ ok: true });
        if (!there.ok && !back.ok)
          expect([...there.irreversible].sort()).toEqual([...back.irreversible].sort());
      }),
    );
  });
});
