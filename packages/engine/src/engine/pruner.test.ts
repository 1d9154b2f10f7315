import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Database } from "../database/database.ts";
import { migrate } from "../database/migrate.ts";
import { insertRollout } from "../rollout/rollout-store.ts";
import { parsedRequest } from "../testing/requests.ts";
import { TestServer } from "../testing/test-server.ts";
import { durablePool } from "./durable-pool.ts";
import { Pruner } from "./pruner.ts";

const actor = { kind: "user", id: "alice" } as const;
let server: TestServer;
let database: Database;
beforeAll(async () => {
  server = await TestServer.start();
  const url = await server.database("pruner");
  database = new Database({ url });
  await migrate(database, url);
}, 300_000);
afterAll(async () => {
  await database.close();
  await server.dispose();
}, 60_000);

const count = async (table: string): Promise<number> =>
  (await database.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`)).rows[0]?.n ?? -1;

/** A rollout that ended so many days ago, with a step, a plan, and what DBOS remembers of it. */
async function rollout(id: string, endedDaysAgo: number | null): Promise<void> {
  await insertRollout(database, parsedRequest(id, [id]), actor, "queue");
  const state = endedDaysAgo === null ? "PENDING" : "SUCCESS";
  await database.query(`UPDATE lotse.rollouts SET ended_at = now() - $2 * interval '1 day' WHERE id = $1`, [
    id,
    endedDaysAgo,
  ]);
  await database.query(
    `INSERT INTO lotse.steps (rollout, key, run, tenant, ordinal, name, state)
     VALUES ($1, $1, 1, $1, 0, 'prepare', 'done')`,
    [id],
  );
  await database.query("INSERT INTO lotse.plans VALUES ($1, 1, $1, '{}')", [id]);
  await database.query(
    `INSERT INTO dbos.workflow_status (workflow_uuid, status, created_at, updated_at)
     VALUES ($1 || '.1', $2, 0, (extract(epoch FROM now() - $3 * interval '1 day') * 1000)::bigint)`,
    [id, state, endedDaysAgo ?? 400],
  );
  await database.query(
    "INSERT INTO dbos.operation_outputs (workflow_uuid, function_id) VALUES ($1 || '.1', 0)",
    [id],
  );
  await database.query("INSERT INTO dbos.workflow_input (workflow_uuid) VALUES ($1 || '.1')", [id]);
  await database.query("INSERT INTO dbos.workflow_output (workflow_uuid) VALUES ($1 || '.1')", [id]);
}

describe("what has ended long ago", () => {
  it("goes, with all that belongs to it; what is younger, and what goes on, stays", async () => {
    await rollout("old", 91);
    await rollout("recent", 2);
    await rollout("fresh", 0);
    await rollout("open", null);
    const pruner = new Pruner(database);
    await pruner.prune();
    const { rows } = await database.query("SELECT id FROM lotse.rollouts ORDER BY id");
    expect(rows.map(({ id }) => String(id))).toEqual(["fresh", "open", "recent"]);
    for (const table of ["lotse.steps", "lotse.plans", "lotse.rollout_tenants"])
      expect([table, await count(table)]).toEqual([table, 3]);
    for (const table of ["workflow_status", "operation_outputs", "workflow_input", "workflow_output"])
      expect([table, await count(`dbos.${table}`)]).toEqual([table, 2]);
    await pruner.prune();
    expect(await count("dbos.workflow_status")).toBe(2);
  });

  it("goes in batches, until nothing is left", async () => {
    await database.query(
      "INSERT INTO lotse.transactions SELECT gen_random_uuid(), now() - interval '2 days' FROM generate_series(1, 1200)",
    );
    await database.query("INSERT INTO lotse.transactions VALUES (gen_random_uuid())");
    await new Pruner(database).prune();
    expect(await count("lotse.transactions")).toBe(1);
  });
});

describe("the connections of the durable engine", () => {
  it("give up a statement that takes too long, and go on", async () => {
    const pool = durablePool(server.urlOf("pruner"), "test", 200);
    try {
      await expect(pool.query("SELECT pg_sleep(60)")).rejects.toMatchObject({ code: "57014" });
      expect((await pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    } finally {
      await pool.end();
    }
  });
});
