import { LotseError, type Actor } from "@lotse/core/kernel";
import type { Database } from "../database/database.ts";
import type { EnginePlan } from "./plan.ts";
import type { RolloutState, RolloutStatus, StepResult, StepStatus, TenantOutcome } from "./status.ts";

interface RolloutRow {
  id: string;
  environment: string;
  plan: EnginePlan;
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
}

interface StepRow {
  readonly tenant: string;
  readonly name: string;
  readonly state: StepStatus["state"];
  readonly attempts: number;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly result: StepResult | null;
}

/**
 * Where a rollout stands.
 *
 * @throws LotseError `rollout.not-found`
 */
export async function readStatus(database: Database, id: string): Promise<RolloutStatus> {
  // One statement, so that the steps and the state are of the same moment.
  const { rows } = await database.query<RolloutRow>(
    `SELECT r.*, (
       SELECT jsonb_agg(jsonb_build_object(
         'tenant', s.tenant, 'name', s.name, 'state', s.state, 'attempts', s.attempts,
         'startedAt', to_char(s.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
         'endedAt', to_char(s.ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
         'result', s.result) ORDER BY s.run, t.at, s.ordinal)
       FROM lotse.steps s
       JOIN LATERAL (
         SELECT at FROM jsonb_array_elements(r.plan->'tenants') WITH ORDINALITY AS e (tenant, at)
         WHERE e.tenant->>'tenant' = s.tenant
       ) t ON true
       WHERE s.rollout = r.id) AS steps
     FROM lotse.rollouts r WHERE r.id = $1`,
    [id],
  );
  const [row] = rows;
  if (row === undefined) throw notFound(id);
  return statusOf(row);
}

/** The error for an id that no rollout has. */
export function notFound(id: string): LotseError {
  return new LotseError({
    code: "rollout.not-found",
    message: `there is no rollout ${JSON.stringify(id.slice(0, 80))}`,
    hint: "lotse deploy --detach prints the id of the rollout that it starts",
  });
}

function statusOf(row: RolloutRow): RolloutStatus {
  const steps = (row.steps ?? []).map(stepOf);
  return {
    id: row.id,
    environment: row.environment,
    release: row.plan.release,
    state: row.state,
    run: row.run,
    revision: Number(row.revision),
    actor: row.actor,
    steps,
    tenants: row.plan.tenants.map(({ tenant }) => {
      const outcome = row.outcomes[tenant];
      const begun = steps.some((step) => step.tenant === tenant);
      const state = outcome?.state ?? (begun ? "running" : "pending");
      return { tenant, state, ...(outcome?.reason === undefined ? {} : { reason: outcome.reason }) };
    }),
    reason: row.reason,
    createdAt: row.created_at.toISOString(),
    startedAt: row.started_at?.toISOString() ?? null,
    endedAt: row.ended_at?.toISOString() ?? null,
  };
}

function stepOf({ result, ...step }: StepRow): StepStatus {
  if (result === null) return step;
  if (!result.ok) return { ...step, error: result.reason };
  return result.note === undefined ? step : { ...step, note: result.note };
}
