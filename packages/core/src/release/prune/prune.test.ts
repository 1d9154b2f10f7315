import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { digestOf, systemClock, type Clock } from "../../kernel/index.ts";
import type { Release } from "../release.ts";
import { openReleases, type ReleaseStore } from "../store.ts";
import { planPrune } from "./plan-prune.ts";

const actor = { kind: "user", id: "tester" } as const;
let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "lotse-prune-"));
});
afterAll(() => rm(root, { recursive: true }));

let seconds = 0;
const clock: Clock = { ...systemClock, now: () => new Date(Date.UTC(2026, 0, 1, 0, 0, (seconds += 1))) };

/** Releases 1.0.0, 1.1.0, … that share one file and have one of their own each. */
async function storeWith(name: string, count: number): Promise<{ lotse: string; store: ReleaseStore }> {
  const code = join(root, name, "app");
  await mkdir(code, { recursive: true });
  await writeFile(join(code, "shared.js"), "shared");
  const lotse = join(root, name, ".lotse");
  const store = openReleases(lotse, clock);
  for (let index = 0; index < count; index++) {
    await writeFile(join(code, "own.js"), `own ${index}`);
    const configurations = { prod: { acme: { configText: JSON.stringify({ index }) } } };
    const key = { publicKey: "ed25519:", sign: () => "" };
    await store.create(
      { version: `1.${index}.0`, codeDirectory: code, configurations, target: { type: "process" }, key },
      actor,
    );
  }
  return { lotse, store };
}

async function filesIn(lotse: string, part: string): Promise<readonly string[]> {
  const all = await readdir(join(lotse, part), { recursive: true, withFileTypes: true });
  return all
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
    .sort();
}

describe("what pruning plans", () => {
  const releases = (count: number): Release[] =>
    Array.from({ length: count }, (_, index) => ({
      id: digestOf(String(index)),
      createdAt: new Date(Date.UTC(2026, 0, 1, 0, 0, index)).toISOString(),
    })) as Release[];

  it("never touches what is in use, keeps the newest, and forgets none", () => {
    fc.assert(
      fc.property(fc.nat(12), fc.integer({ min: 1, max: 5 }), fc.array(fc.nat(11)), (count, keep, used) => {
        const all = releases(count);
        const inUse = new Set(used.map((index) => digestOf(String(index))));
        const { kept, removed } = planPrune(all, keep, inUse);
        expect(removed.filter(({ id }) => inUse.has(id))).toEqual([]);
        expect(new Set([...kept.map(({ release }) => release), ...removed])).toEqual(new Set(all));
        for (const release of all.slice(-keep)) expect(removed).not.toContain(release);
        const others = kept.filter(({ because }) => because === "newest");
        expect(others.length).toBeLessThanOrEqual(keep);
      }),
    );
  });
});

describe("pruning", () => {
  it("removes releases, and of the objects what only they had", async () => {
    const { lotse, store } = await storeWith("plain", 4);
    const first = await store.read("1.0.0");
    const { plan, files } = await store.prune(1, () => Promise.resolve(new Set([first.id])));
    expect(plan.removed.map(({ version }) => version)).toEqual(["1.2.0", "1.1.0"]);
    expect((await store.list()).map(({ version }) => version)).toEqual(["1.3.0", "1.0.0"]);
    for (const release of await store.list()) expect((await store.verify(release)).problems).toEqual([]);
    // Of each that went: its own file, its list of files, its configuration.
    expect(files).toBe(6);
    expect(await filesIn(lotse, "releases")).toHaveLength(4);
    expect((await store.prune(1, () => Promise.resolve(new Set([first.id])))).files).toBe(0);
  });

  it("takes what a crash left, and nothing of others", async () => {
    const { lotse, store } = await storeWith("leftovers", 1);
    const orphan = digestOf("orphan");
    await mkdir(join(lotse, "objects", orphan.slice(0, 2)), { recursive: true });
    await writeFile(join(lotse, "objects", orphan.slice(0, 2), orphan.slice(2)), "orphan");
    await writeFile(join(lotse, "objects", orphan.slice(0, 2), ".tmp-1-abc"), "half");
    await writeFile(join(lotse, "releases", `${orphan}.intoto.json`), "{}");
    await writeFile(join(lotse, "releases", "README"), "mine");
    expect((await store.prune(1, () => Promise.resolve(new Set()))).files).toBe(3);
    expect(await filesIn(lotse, "releases")).toContain("README");
    expect((await store.verifyAll()).every(({ ok }) => ok)).toBe(true);
  });

  it("keeps objects of a file that happens to look like a list of files", async () => {
    const code = join(root, "trick", "app");
    await mkdir(code, { recursive: true });
    await writeFile(join(code, "a.js"), "a");
    const store = openReleases(join(root, "trick", ".lotse"), clock);
    const configurations = { prod: { acme: { configText: "{}" } } };
    const input = { codeDirectory: code, configurations, target: { type: "process" } };
    const { release } = await store.create({ ...input, version: "1.0.0" }, actor);
    // The next release has, as a file, the very list of the first; and comes first to whoever walks them.
    const second = join(root, "trick", "second");
    await mkdir(second);
    await writeFile(join(second, "list.json"), await store.object(release.code));
    await store.create({ ...input, codeDirectory: second, version: "2.0.0" }, actor);
    await store.prune(2, () => Promise.resolve(new Set()));
    for (const each of await store.verifyAll()) expect(each.problems).toEqual([]);
  });

  it("removes nothing where it cannot be told what is needed", async () => {
    const { lotse, store } = await storeWith("damaged", 3);
    const newest = await store.read("1.2.0");
    await writeFile(join(lotse, "objects", newest.code.slice(0, 2), newest.code.slice(2)), "damaged");
    const before = await filesIn(lotse, "objects");
    await expect(store.prune(3, () => Promise.resolve(new Set()))).rejects.toMatchObject({
      code: "release.corrupt",
    });
    expect(await filesIn(lotse, "objects")).toEqual(before);
    const broken = new Error("the deployments cannot be read");
    await expect(store.prune(1, () => Promise.reject(broken))).rejects.toBe(broken);
    expect(await store.list()).toHaveLength(3);
  });
});

describe("kill -9", { timeout: 120_000 }, () => {
  const child = fileURLToPath(new URL("../testing/dying-prune.ts", import.meta.url));
  const prune = (lotse: string, at?: number): Promise<{ signal: string | null; out: string }> =>
    new Promise((resolve) => {
      const args = [
        "--conditions=lotse-source",
        child,
        lotse,
        "1",
        ...(at === undefined ? [] : [String(at)]),
      ];
      execFile(process.execPath, args, (error, out) => {
        resolve({ signal: error?.signal ?? null, out });
      });
    });

  it("at any removal leaves a store that verifies, and the next pruning ends the same", async () => {
    const { lotse } = await storeWith("crash", 2);
    const copyOf = async (name: string): Promise<string> => {
      const copy = join(root, `crash-${name}`);
      await cp(lotse, copy, { recursive: true });
      return copy;
    };
    const whole = await copyOf("whole");
    const { out } = await prune(whole);
    const removals = Number(out);
    expect(removals).toBeGreaterThanOrEqual(5);
    const end = { objects: await filesIn(whole, "objects"), releases: await filesIn(whole, "releases") };
    for (let at = 0; at < 2 * removals; at++) {
      const copy = await copyOf(String(at));
      expect((await prune(copy, at)).signal).toBe("SIGKILL");
      const store = openReleases(copy, clock);
      const found = await store.verifyAll();
      expect(found.flatMap(({ problems }) => problems)).toEqual([]);
      expect(found.some(({ release }) => release?.version === "1.1.0")).toBe(true);
      expect(
        (await store.prune(1, () => Promise.resolve(new Set()))).plan.removed.length,
      ).toBeLessThanOrEqual(1);
      expect(await filesIn(copy, "objects")).toEqual(end.objects);
      expect(await filesIn(copy, "releases")).toEqual(end.releases);
    }
  });
});
