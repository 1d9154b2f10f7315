import { LotseError, type Actor } from "@lotse/core/kernel";
import type { RolloutRequest, TenantPlan } from "@lotse/core/release";
import type { Database } from "../database/database.ts";
import { stepsOf, type StepRow } from "./step-list.ts";
import type { RolloutState, RolloutStatus, TenantOutcome, TenantProgress } from "./status.ts";

interface RolloutRow {
  id: string;
  environment: string;
  request: RolloutRequest;
  actor: Actor;
  state: RolloutState;
  run: number;
  revision: string;
  reason: string | null;
  outcomes: Readonly<Record<string, TenantOutcome>>;
  created_at: Date;
  started_at: Date | null;
  ended_at: Date | null;
  steps: readonly StepRow[] | null;
  plans: readonly TenantPlan[] | null;
}

/** One statement, so that the steps and the state are of the same moment. */
const selection = `
  SELECT r.*, (
    SELECT jsonb_agg(jsonb_build_object(
      'tenant', s.tenant, 'run', s.run, 'ordinal', s.ordinal, 'name', s.name, 'kind', s.kind,
      'state', s.state, 'attempts', s.attempts, 'error', s.error,
      'startedAt', to_char(s.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      'endedAt', to_char(s.ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      'result', s.result) ORDER BY s.run, s.ordinal)
    FROM lotse.steps s WHERE s.rollout = r.id) AS steps,
    (SELECT jsonb_agg(p.plan) FROM lotse.plans p WHERE p.rollout = r.id AND p.run = r.run) AS plans
  FROM lotse.rollouts r`;

/**
 * Where a rollout stands.
 *
 * @throws LotseError `rollout.not-found`
 */
export async function readStatus(database: Database, id: string): Promise<RolloutStatus> {
  const { rows } = await database.query<RolloutRow>(`${selection} WHERE r.id = $1`, [id]);
  const [row] = rows;
  if (row === undefined) throw notFound(id);
  return statusOf(row);
}

/** All rollouts that have not ended, in the order of their turn; at most 1000. */
export async function readOpen(
  database: Database,
  environment: string | undefined,
): Promise<readonly RolloutStatus[]> {
  const { rows } = await database.query<RolloutRow>(
    `${selection} WHERE r.ended_at IS NULL AND ($1::text IS NULL OR r.environment = $1)
     ORDER BY r.position LIMIT 1000`,
    [environment ?? null],
  );
  return rows.map(statusOf);
}

/** The error for an id that no rollout has. */
export function notFound(id: string): LotseError {
  return new LotseError({
    code: "rollout.not-found",
    message: `there is no rollout ${JSON.stringify(id.slice(0, 80))}`,
    hint: "lotse deploy --detach prints the id of the rollout that it starts; lotse status lists those under way",
  });
}

function statusOf(row: RolloutRow): RolloutStatus {
  const { request, outcomes, run } = row;
  const plans = new Map((row.plans ?? []).map((plan) => [plan.tenant, plan]));
  const begun = row.steps ?? [];
  return {
    id: row.id,
    kind: request.kind,
    environment: row.environment,
    release: request.release,
    strategy: request.strategy.name,
    state: row.state,
    run,
    revision: Number(row.revision),
    actor: row.actor,
    steps: stepsOf({ request, run, outcomes, plans, begun, ended: row.ended_at !== null }),
    tenants: request.tenants.map((tenant) => progressOf(tenant, outcomes[tenant], plans.get(tenant), begun)),
    reason: row.reason,
    createdAt: row.created_at.toISOString(),
    startedAt: row.started_at?.toISOString() ?? null,
    endedAt: row.ended_at?.toISOString() ?? null,
  };
}

function progressOf(
  tenant: string,
  outcome: TenantOutcome | undefined,
  plan: TenantPlan | undefined,
  begun: readonly StepRow[],
): TenantProgress {
  const present = begun.some((step) => step.tenant === tenant) ? "running" : "pending";
  return {
    tenant,
    ...(outcome ?? { status: present }),
    ...(plan?.from === undefined ? {} : { from: plan.from }),
    ...(plan === undefined ? {} : { to: plan.to }),
  };
}
