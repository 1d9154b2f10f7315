import { mkdir, mkdtemp, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { removeTree, systemClock } from "@lotse/core/kernel";
import { openReleases, type Release } from "@lotse/core/release";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { describeDeploymentStore } from "../../../core/src/release/testing/deployments-conformance.ts";
import { Database } from "../database/database.ts";
import { migrate } from "../database/migrate.ts";
import { parsedRequest } from "../testing/requests.ts";
import { ScriptedDriver } from "../testing/scripted-driver.ts";
import { TestServer } from "../testing/test-server.ts";
import { postgresDeployments } from "./postgres-deployments.ts";
import { bringRelease, fetchRelease, partBytes, pushRelease } from "./shared-releases.ts";
import { sharingDriver } from "./sharing-driver.ts";

const actor = { kind: "user", id: "alice" } as const;
const scope = { environment: "prod", tenant: "acme" };
let server: TestServer;
let database: Database;
beforeAll(async () => {
  server = await TestServer.start();
  const url = await server.database("releases");
  database = new Database({ url });
  await migrate(database, url);
}, 300_000);
afterAll(async () => {
  await database.close();
  await server.dispose();
}, 60_000);

describeDeploymentStore("PostgreSQL", async () => {
  await database.query("TRUNCATE lotse.deployments");
  return {
    open: () => postgresDeployments(database),
    damage: async ({ environment, tenant }) => {
      await database.query(
        "UPDATE lotse.deployments SET record = record - 'history' WHERE environment = $1 AND tenant = $2",
        [environment, tenant],
      );
    },
    dispose: () => Promise.resolve(),
  };
});

describe("releases in the database", () => {
  let root: string;
  let release: Release;
  const here = (): string => join(root, "here", ".lotse");
  const there = (): string => join(root, "there", ".lotse");

  beforeEach(async () => {
    await database.query(
      "TRUNCATE lotse.deployments, lotse.releases, lotse.release_objects, lotse.objects, lotse.object_sizes",
    );
    root = await mkdtemp(join(server.root, "releases-"));
    release = await made("1.0.0", "one");
    return () => removeTree(root);
  });

  async function made(version: string, text: string): Promise<Release> {
    const code = join(root, `code-${text}`);
    await mkdir(join(code, "src"), { recursive: true });
    await writeFile(join(code, "src", "main.js"), text);
    await writeFile(join(code, "empty"), "");
    // More than one part, and not a whole number of them.
    await writeFile(join(code, "big"), Buffer.alloc(2 * partBytes + 5, text));
    const input = {
      version,
      codeDirectory: code,
      configurations: { prod: { acme: { configText: '{"a":1}', variables: { PORT: "80" } } } },
      target: { type: "process" },
    };
    return (await openReleases(here(), systemClock).create(input, actor)).release;
  }

  it("are the same elsewhere, byte for byte", async () => {
    await pushRelease(database, here(), release.id);
    await pushRelease(database, here(), release.id);
    await fetchRelease(database, there(), release.id);
    await fetchRelease(database, there(), release.id);
    const store = openReleases(there(), systemClock);
    const fetched = await store.get("1.0.0");
    expect(fetched).toEqual(release);
    expect(await store.verify(fetched)).toMatchObject({ ok: true, problems: [] });
    await store.materialise(fetched, scope, join(root, "out"));
    const { rows } = await database.query("SELECT max(length(bytes)) AS longest FROM lotse.objects");
    expect(rows).toEqual([{ longest: partBytes }]);
    expect((await readdir(join(there(), "state"))).filter((name) => name.startsWith(".fetched"))).toEqual([]);
  });

  it("are not there before they are complete", async () => {
    await pushRelease(database, here(), release.id);
    await database.query("DELETE FROM lotse.object_sizes WHERE digest = $1", [release.code]);
    await expect(fetchRelease(database, there(), release.id)).rejects.toMatchObject({
      code: "release.corrupt",
    });
    expect(await openReleases(there(), systemClock).list()).toEqual([]);
    // Whoever has it completes it.
    await pushRelease(database, here(), release.id);
    await fetchRelease(database, there(), release.id);
    expect(await openReleases(there(), systemClock).list()).toHaveLength(1);
  });

  it.each([
    ["an object", "UPDATE lotse.objects SET bytes = 'x' WHERE part = 1"],
    ["a part that is gone", "DELETE FROM lotse.objects WHERE part = 0"],
    ["the record", `UPDATE lotse.releases SET record = replace(record, 'user:alice', 'user:mallory')`],
    ["the record by no record", "UPDATE lotse.releases SET record = 'x'"],
    ["the record by another", `UPDATE lotse.releases SET record = replace(record, '1.0.0', '9.9.9')`],
  ])("whoever changes %s there is found out, and nothing of it counts", async (_, sql) => {
    await pushRelease(database, here(), release.id);
    await database.query(sql);
    await expect(fetchRelease(database, there(), release.id)).rejects.toMatchObject({
      code: "release.corrupt",
    });
    expect(await openReleases(there(), systemClock).list()).toEqual([]);
  });

  it("a version belongs to one release", async () => {
    await pushRelease(database, here(), release.id);
    await removeTree(here());
    const other = await made("1.0.0", "two");
    await expect(pushRelease(database, here(), other.id)).rejects.toMatchObject({ code: "release.exists" });
  });

  it("what nobody has is not found", async () => {
    const id = "0".repeat(64);
    await expect(pushRelease(database, here(), id)).rejects.toMatchObject({ code: "release.not-found" });
    await expect(fetchRelease(database, there(), id)).rejects.toMatchObject({ code: "release.not-found" });
  });

  it("are brought by their names", async () => {
    await pushRelease(database, here(), release.id);
    for (const reference of ["v1.0.0", "1.0.0", release.id, release.id.slice(0, 6)]) {
      const place = join(root, reference, ".lotse");
      await bringRelease(database, place, reference);
      expect(await openReleases(place, systemClock).list()).toEqual([release]);
    }
    for (const reference of ["1.0.1", release.id.slice(0, 5), "0".repeat(12), "%", "latest"])
      await expect(bringRelease(database, there(), reference)).rejects.toMatchObject({
        code: "release.not-found",
      });
    const like = `${release.id.slice(0, 8)}${"0".repeat(56)}`;
    await database.query("INSERT INTO lotse.releases (id, version, record) VALUES ($1, '3.0.0', '{}')", [
      like,
    ]);
    const short = bringRelease(database, there(), release.id.slice(0, 8));
    await expect(short).rejects.toMatchObject({ code: "release.ambiguous" });
    await bringRelease(database, there(), release.id);
  });

  it("are brought to whoever plans, and so is the one that runs", async () => {
    const running = await made("0.9.0", "zero");
    for (const { id } of [release, running]) await pushRelease(database, here(), id);
    const request = {
      ...parsedRequest("r", ["acme"]),
      release: { id: release.id, version: release.version },
    };
    const deployments = postgresDeployments(database);
    const current = {
      release: running.id,
      version: running.version,
      colour: "blue",
      rollout: "before",
      since: "2026-01-01T00:00:00.000Z",
    } as const;
    await deployments.write({ ...(await deployments.read(scope)), current });
    const driver = sharingDriver(new ScriptedDriver(), database, there());
    await driver.plan(request, scope, new AbortController().signal);
    const brought = await openReleases(there(), systemClock).list();
    expect(brought.map(({ id }) => id).sort()).toEqual([release.id, running.id].sort());
    const lost = sharingDriver(new ScriptedDriver(), database, join(root, "third", ".lotse"));
    await database.query("ALTER TABLE lotse.releases RENAME COLUMN envelope TO away");
    try {
      const planned = lost.plan(request, scope, new AbortController().signal);
      await expect(planned).rejects.toMatchObject({ code: "42703" });
    } finally {
      await database.query("ALTER TABLE lotse.releases RENAME COLUMN away TO envelope");
    }
  });

  it("are brought to a worker that acts on them, whichever one goes on", async () => {
    await pushRelease(database, here(), release.id);
    const request = {
      ...parsedRequest("r", ["acme"]),
      release: { id: release.id, version: release.version },
    };
    const driver = new ScriptedDriver();
    const plan = await sharingDriver(driver, database, there()).plan(
      request,
      scope,
      new AbortController().signal,
    );
    expect(await openReleases(there(), systemClock).list()).toHaveLength(1);
    const third = join(root, "third", ".lotse");
    const [step] = plan.steps;
    if (step?.kind !== "act") throw new Error("no step");
    const effect = { ...scope, rollout: "r", fence: 1, key: "k", signal: new AbortController().signal };
    await sharingDriver(driver, database, third).act(request, step, effect);
    expect(await openReleases(third, systemClock).list()).toHaveLength(1);
  });
});
