import { hostname } from "node:os";
import { identify } from "@lotse/core/kernel";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Database } from "../database/database.ts";
import { migrate } from "../database/migrate.ts";
import { TestServer } from "../testing/test-server.ts";
import { ClaimWatch } from "./claim-watch.ts";
import { Lease } from "./lease.ts";
import { placeOfProcesses } from "./place.ts";
import { leaseTimes, Reaper } from "./reaper.ts";

const timeout = 300_000;
let server: TestServer;
let database: Database;
let recovered: string[];
let reaper: Reaper;
beforeAll(async () => {
  server = await TestServer.start();
  const url = await server.database("reaper");
  database = new Database({ url });
  await migrate(database, url);
}, timeout);
afterAll(async () => {
  await database.close();
  await server.dispose();
}, timeout);
beforeEach(async () => {
  await database.query("TRUNCATE lotse.leases, dbos.workflow_status CASCADE");
  recovered = [];
  reaper = new Reaper({
    database,
    executor: "us",
    recover: (executors) => {
      recovered.push(...executors);
      return Promise.resolve();
    },
  });
});

async function worker(executor: string, host: string, process: unknown): Promise<void> {
  await database.query("INSERT INTO lotse.leases (executor, host, process) VALUES ($1, $2, $3)", [
    executor,
    host,
    JSON.stringify(process),
  ]);
  await database.query(
    `INSERT INTO dbos.workflow_status (workflow_uuid, status, executor_id, created_at, updated_at)
     VALUES ($1, 'PENDING', $2, 0, 0)`,
    [`work of ${executor}`, executor],
  );
}

const beat = (executor: string): Promise<unknown> =>
  database.query("UPDATE lotse.leases SET beat = beat + 1 WHERE executor = $1", [executor]);

/** Looks until the time of a lease has passed by the reaper's own clock. */
async function lookForALease(between: () => Promise<unknown> = () => Promise.resolve()): Promise<void> {
  for (let passedMs = 0; passedMs <= leaseTimes.expiryMs; passedMs += leaseTimes.lookMs) {
    await reaper.look(leaseTimes.lookMs);
    await between();
  }
}

describe("the reaper", () => {
  it("hands on the work of a worker elsewhere whose counter stands still, and not before its time", async () => {
    await worker("silent", "elsewhere", { pid: 1, started: "x" });
    await reaper.look(leaseTimes.expiryMs);
    await reaper.look(leaseTimes.expiryMs - 1);
    expect(recovered).toEqual([]);
    await reaper.look(1);
    expect(recovered).toEqual(["silent"]);
  });

  it("leaves alone whoever gives a sign of life", async () => {
    await worker("alive", "elsewhere", { pid: 1, started: "x" });
    await lookForALease(() => beat("alive"));
    expect(recovered).toEqual([]);
    await lookForALease();
    expect(recovered).toEqual(["alive"]);
  });

  it("knows at once that a process of this machine is gone, and that another runs", async () => {
    const here = await placeOfProcesses();
    expect(here).toContain(hostname());
    await worker("gone", here, { pid: 4_194_300, started: "boot:1" });
    await worker("runs", here, await identify(process.pid));
    await reaper.look(0);
    expect(recovered).toEqual(["gone"]);
  });

  it("does not take a process of another machine with the same number for ours", async () => {
    await worker("there", "another host", { pid: 4_194_300, started: "boot:1" });
    await reaper.look(0);
    expect(recovered).toEqual([]);
  });

  it("hands on what another reaper left that died between ending a lease and handing on", async () => {
    await worker("ended", "elsewhere", { pid: 1, started: "x" });
    await database.query("UPDATE lotse.leases SET ended_at = now()");
    await reaper.look(0);
    expect(recovered).toEqual(["ended"]);
  });
});

describe("a claim", () => {
  const state = async (): Promise<unknown> =>
    (await database.query("SELECT status, owner_xid FROM dbos.workflow_status")).rows[0];
  async function claimed(running: ReadonlySet<string>): Promise<ClaimWatch> {
    await worker("us", "here", { pid: 1, started: "x" });
    await database.query(
      "UPDATE dbos.workflow_status SET owner_xid = 'claim', queue_name = 'lotse-rollouts'",
    );
    return new ClaimWatch({ database, executor: "us", running });
  }

  it("whose answer was lost goes back to the queue, and not before its time", async () => {
    const watch = await claimed(new Set());
    for (let look = 0; look < 7; look++) await watch.look();
    expect(await state()).toEqual({ status: "PENDING", owner_xid: "claim" });
    await watch.look();
    expect(await state()).toEqual({ status: "ENQUEUED", owner_xid: null });
  });

  it("that is worked on stays", async () => {
    const watch = await claimed(new Set(["work of us"]));
    for (let look = 0; look < 20; look++) await watch.look();
    expect(await state()).toEqual({ status: "PENDING", owner_xid: "claim" });
  });
});

describe("a lease", () => {
  it("that was ended by others tells its worker", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const lease = new Lease(database, "worker-1", resolve);
    await lease.begin();
    const running = lease.run();
    await database.query("UPDATE lotse.leases SET ended_at = now() WHERE executor = 'worker-1'");
    await promise;
    await running;
  });

  it("is given back at the end", async () => {
    const lease = new Lease(database, "worker-2", () => undefined);
    await lease.begin();
    await lease.end();
    await lease.run();
    const { rows } = await database.query(
      "SELECT ended_at IS NOT NULL AS ended FROM lotse.leases WHERE executor = 'worker-2'",
    );
    expect(rows).toEqual([{ ended: true }]);
  });
});
