import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { collect, event, officer, TestLog } from "../testing/fixtures.ts";
import { formatProof, verifyProof } from "./prove.ts";
import { verifyExport } from "./export.ts";
import type { AuditLog } from "./audit-log.ts";

let test: TestLog;
let log: AuditLog;
beforeEach(async () => {
  test = await TestLog.make();
  log = test.open();
});
afterEach(() => test.dispose());

const bob = { kind: "ci", id: "bob" } as const;

describe("erasure", () => {
  it("takes the person out of all entries, and leaves every proof whole", async () => {
    const personal = { subject: "alice@example.com", values: { address: "192.0.2.7" } };
    await log.append(event("a", { personal }));
    await log.append(event("b", { actor: bob, personal: { ...personal, subject: "carol" } }));
    await log.append(event("c"));
    const before = await log.prove(0);
    expect(await log.erase("alice@example.com", officer)).toEqual({ actors: 1, values: 1 });
    const publicKey = (await log.publicKey()) as string;
    verifyProof(before, publicKey);
    verifyProof(await log.prove(0), publicKey);
    const views = await collect(log.list({ first: "oldest", limit: 3 }));
    expect(views.map(({ actor, personal }) => [actor.id, personal])).toEqual([
      ["[erased]", { address: "[erased]" }],
      ["bob", { address: "192.0.2.7" }],
      ["[erased]", {}],
    ]);
    const everything = await readAll(test.directory);
    expect(everything).not.toContain("alice");
    expect(await log.verify()).toMatchObject({ ok: true, size: 5, erased: 2, openIntents: 0 });
    expect((await log.show(4)).action).toBe("audit.erase");
  });

  it("keeps the counts dense, and counts anew for who comes back", async () => {
    await log.append(event("a"));
    await log.append(event("b"));
    await log.erase("alice@example.com", officer);
    expect(await log.append(event("c"))).toEqual({ index: 4, sequence: 1 });
    expect(await test.open().append(event("d"))).toEqual({ index: 5, sequence: 2 });
    expect(await log.verify()).toMatchObject({ ok: true, erased: 1 });
    expect((await collect(log.list({ actor: "alice@example.com" }))).map(({ index }) => index)).toEqual([
      5, 4,
    ]);
  });

  it("of nobody does nothing", async () => {
    await log.append(event("a"));
    expect(await log.erase("nobody", officer)).toEqual({ actors: 0, values: 0 });
    expect(await log.verify()).toMatchObject({ size: 1 });
  });
});

async function readAll(directory: string): Promise<string> {
  const names = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = names.filter((name) => name.isFile());
  const contents = await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name), "utf8")));
  return contents.join("\n");
}

describe("retention", () => {
  it("drops content by environment after its term, and everything still verifies", async () => {
    const old = (environment: string): Promise<unknown> =>
      log.append(
        event(`old-${environment}`, {
          scope: { environment },
          personal: { subject: "carol", values: { address: "192.0.2.7" } },
        }),
      );
    for (const environment of ["production", "staging", "production"]) await old(environment);
    const { scope: _, ...workspace } = event("old-workspace");
    await log.append(workspace);
    test.clock.set("2030-06-01T00:00:00.000Z");
    await log.append(event("new"));
    const proof = await log.prove(0);

    const plan = await log.planRetention({ environments: { production: 90, staging: 400 } });
    expect(plan).toMatchObject({
      entries: 2,
      ranges: [
        [0, 0],
        [2, 2],
      ],
      groups: [{ environment: "production", entries: 2, before: "2030-03-03T00:00:02.000Z" }],
    });
    expect(await log.verify()).toMatchObject({ size: 5, dropped: 0 });
    await log.applyRetention(plan, officer);

    const publicKey = (await log.publicKey()) as string;
    verifyProof(proof, publicKey);
    expect(await log.verify()).toMatchObject({ ok: true, size: 7, dropped: 2, openIntents: 0 });
    const views = await collect(log.list({ first: "oldest", limit: 4 }));
    expect(views.map(({ dropped, object }) => [dropped, object])).toEqual([
      [true, null],
      [false, "old-staging"],
      [true, null],
      [false, "old-workspace"],
    ]);
    expect(views[0]).toMatchObject({ actor: { kind: "user", id: "alice@example.com" }, sequence: 1 });
    const dropped = await log.prove(0);
    expect(dropped.entry).toBeNull();
    expect(verifyProof(formatProof(dropped), publicKey).proof.leafHash).toBe(proof.leafHash);
    expect(await readAll(test.directory)).not.toContain("old-production");
    expect(await verifyExport(await collect(log.export()), publicKey)).toMatchObject({
      ok: true,
      entries: 7,
    });
    // The counts go on, and what is left is read again without a snapshot.
    expect(await test.open().append(event("z"))).toEqual({ index: 7, sequence: 6 });
    const again = await log.planRetention({ environments: { production: 90, staging: 400 } });
    expect(again.entries).toBe(0);
    await log.applyRetention(again, officer);
    expect(await log.verify()).toMatchObject({ ok: true, size: 8 });
  });

  it("never drops what the log says about itself", async () => {
    const { scope: _, ...workspace } = event("old");
    await log.append(workspace);
    await log.erase("alice@example.com", officer);
    test.clock.set("2031-01-01T00:00:00.000Z");
    const plan = await log.planRetention({ workspaceDays: 30 });
    expect(plan.ranges).toEqual([[0, 0]]);
    await log.applyRetention(plan, officer);
    expect(await log.verify()).toMatchObject({ ok: true, dropped: 1, erased: 0 });
  });

  it("refuses a plan that was changed, and terms without sense", async () => {
    await log.append(event("a"));
    test.clock.set("2031-01-01T00:00:00.000Z");
    const plan = await log.planRetention({ environments: { production: 1 } });
    const wider = { ...plan, ranges: [[0, 5]] as const };
    await expect(log.applyRetention(wider, officer)).rejects.toMatchObject({ code: "audit.corrupt" });
    await expect(log.planRetention({ environments: { production: -1 } })).rejects.toThrow();
  });
});
