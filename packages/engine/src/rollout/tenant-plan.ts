import { LotseError } from "@lotse/core/kernel";
import { tenantPlanSchema, type TenantPlan } from "@lotse/core/release";
import type { Database } from "../database/database.ts";
import { ordinals } from "./ordinals.ts";
import type { StepPlace } from "./step-store.ts";

/**
 * Checks what a driver planned, before it is stored for good.
 *
 * @throws LotseError `internal.bug` when it has another shape, or is for another tenant
 */
export function checkPlan(plan: TenantPlan, tenant: string): TenantPlan {
  const parsed = tenantPlanSchema.safeParse(plan);
  if (parsed.success && parsed.data.tenant === tenant) return parsed.data;
  throw new LotseError({
    code: "internal.bug",
    message: `what was planned for ${tenant} is not a plan`,
    cause: parsed.error,
  });
}

/**
 * Remembers a plan, if this execution still holds the lock. The first plan of a run counts.
 *
 * @returns whether there is a plan now
 */
export async function storePlan(database: Database, place: StepPlace, plan: TenantPlan): Promise<boolean> {
  const { rows } = await database.prepared<{ there: boolean }>(
    "lotse-store-plan",
    `WITH held AS (
       SELECT FROM lotse.locks WHERE environment = $4 AND tenant = $3 AND rollout = $1 AND fence = $5
     ), written AS (
       INSERT INTO lotse.plans (rollout, run, tenant, plan) SELECT $1, $2, $3, $6 FROM held
       ON CONFLICT DO NOTHING RETURNING true
     )
     SELECT EXISTS (SELECT FROM written)
       OR EXISTS (SELECT FROM lotse.plans WHERE rollout = $1 AND run = $2 AND tenant = $3) AS there`,
    [place.rollout, place.run, place.tenant, place.environment, place.fence, JSON.stringify(plan)],
  );
  return rows[0]?.there === true;
}

/**
 * The plan of a tenant in a run.
 *
 * @throws LotseError `internal.bug` when there is none
 */
export async function loadPlan(
  database: Database,
  rollout: string,
  run: number,
  tenant: string,
): Promise<TenantPlan> {
  const { rows } = await database.prepared<{ plan: TenantPlan }>(
    "lotse-load-plan",
    "SELECT plan FROM lotse.plans WHERE rollout = $1 AND run = $2 AND tenant = $3",
    [rollout, run, tenant],
  );
  const [row] = rows;
  if (row !== undefined) return row.plan;
  throw new LotseError({
    code: "internal.bug",
    message: `the plan of ${tenant} in rollout ${rollout} is gone`,
  });
}

/**
 * The latest plan that a run had begun with when the engine gave the run up. The rollout has kept its locks since
 * then, so nobody else has changed the tenant. Undefined where there is none.
 */
export async function loadUnfinishedPlan(
  database: Database,
  rollout: string,
  run: number,
  tenant: string,
): Promise<TenantPlan | undefined> {
  const { rows } = await database.query<{ plan: TenantPlan }>(
    `SELECT p.plan FROM lotse.plans p JOIN lotse.rollouts r ON r.id = p.rollout
     WHERE p.rollout = $1 AND p.run >= r.left_run AND p.run < $2 AND p.tenant = $3
       AND EXISTS (SELECT FROM lotse.steps s
         WHERE s.rollout = $1 AND s.run = p.run AND s.tenant = $3 AND s.ordinal = $4)
       AND NOT EXISTS (SELECT FROM lotse.steps s
         WHERE s.rollout = $1 AND s.run >= p.run AND s.run < $2 AND s.tenant = $3 AND s.ordinal = $5
           AND s.ended_at IS NOT NULL)
     ORDER BY p.run DESC LIMIT 1`,
    [rollout, run, tenant, ordinals.begin, ordinals.end],
  );
  return rows[0]?.plan;
}
