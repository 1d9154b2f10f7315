import { setTimeout as sleep } from "node:timers/promises";
import { isRunning, processIdentitySchema } from "@lotse/core/kernel";
import type { Database } from "../database/database.ts";
import { beatMs } from "./lease.ts";
import { placeOfProcesses } from "./place.ts";

interface LeaseRow {
  executor: string;
  host: string;
  process: unknown;
  beat: string;
}

/**
 * Whether a worker lives that carries out rollouts. Those of this machine are looked up; those of others must
 * show a sign of life, which takes a moment.
 */
export async function anyWorkerAlive(database: Database): Promise<boolean> {
  const here = await placeOfProcesses();
  const before = await leases(database);
  for (const row of before.filter(({ host }) => host === here)) {
    const identity = processIdentitySchema.safeParse(row.process);
    if (identity.success && (await isRunning(identity.data))) return true;
  }
  const elsewhere = new Map(before.flatMap((row) => (row.host === here ? [] : [[row.executor, row.beat]])));
  if (elsewhere.size === 0) return false;
  await sleep(2 * beatMs);
  return (await leases(database)).some(({ executor, beat }) => {
    const seen = elsewhere.get(executor);
    return seen !== undefined && seen !== beat;
  });
}

async function leases(database: Database): Promise<readonly LeaseRow[]> {
  const { rows } = await database.query<LeaseRow>(
    "SELECT executor, host, process, beat FROM lotse.leases WHERE ended_at IS NULL",
  );
  return rows;
}
