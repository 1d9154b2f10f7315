import type { Database } from "../database/database.ts";
import type { StepKind, StepResult } from "./status.ts";

/** Which step of which execution. */
export interface StepPlace {
  readonly rollout: string;
  readonly environment: string;
  readonly tenant: string;
  readonly run: number;
  readonly ordinal: number;
  readonly name: string;
  readonly kind: StepKind;
  readonly key: string;
  readonly fence: number;
}

/** What stands at the beginning of a step. */
export type Begun =
  /** Another execution has taken over. */
  | { readonly is: "lost" }
  /** It was done before, and only the engine does not know yet. */
  | { readonly is: "done"; readonly result: StepResult }
  | {
      readonly is: "begun";
      readonly pauseAsked: boolean;
      readonly abortAsked: boolean;
      /** What a pause has left; null for other steps and at the first time. */
      readonly remainingMs: number | null;
      /** How often it failed by what may pass. */
      readonly failures: number;
    };

interface BeginRow {
  held: boolean;
  result: StepResult | null;
  remaining_ms: string | null;
  failures: number | null;
  pause_asked: boolean | null;
  abort_asked: boolean | null;
}

/**
 * Writes down that a step is begun, if this execution still holds the lock.
 *
 * @param token - of this attempt, so that one whose answer was lost does not count twice
 */
export async function beginStep(database: Database, place: StepPlace, token: string): Promise<Begun> {
  const { rows } = await database.prepared<BeginRow>(
    "lotse-begin-step",
    `WITH held AS (
       SELECT FROM lotse.locks WHERE environment = $2 AND tenant = $3 AND rollout = $1 AND fence = $8
     ), written AS (
       INSERT INTO lotse.steps (rollout, key, run, tenant, ordinal, name, kind, state, token)
       SELECT $1, $7, $4, $3, $5, $6, $10, 'running', $9 FROM held
       ON CONFLICT (rollout, key) DO UPDATE
         SET attempts = steps.attempts + (steps.token IS DISTINCT FROM $9)::int, token = $9
         WHERE steps.result IS NULL
     ), touched AS (
       UPDATE lotse.rollouts SET revision = revision + 1
       WHERE id = $1 AND EXISTS (SELECT FROM held) RETURNING pause_asked, abort_asked
     )
     SELECT EXISTS (SELECT FROM held) AS held, old.result, old.remaining_ms, old.failures, touched.*
     FROM (SELECT) AS one
     LEFT JOIN touched ON true
     LEFT JOIN lotse.steps old ON old.rollout = $1 AND old.key = $7`,
    [
      place.rollout,
      place.environment,
      place.tenant,
      place.run,
      place.ordinal,
      place.name,
      place.key,
      place.fence,
      token,
      place.kind,
    ],
  );
  const [row] = rows;
  if (row?.held !== true) return { is: "lost" };
  if (row.result !== null) return { is: "done", result: row.result };
  return {
    is: "begun",
    pauseAsked: row.pause_asked === true,
    abortAsked: row.abort_asked === true,
    remainingMs: row.remaining_ms === null ? null : Number(row.remaining_ms),
    failures: row.failures ?? 0,
  };
}

/**
 * Writes down how a step went. The first to do so counts.
 *
 * @returns what counts; null when another execution has taken over without having ended the step
 */
export async function endStep(
  database: Database,
  place: StepPlace,
  result: StepResult,
): Promise<StepResult | null> {
  const { rows } = await database.prepared<{ result: StepResult | null }>(
    "lotse-end-step",
    `WITH held AS (
       SELECT FROM lotse.locks WHERE environment = $4 AND tenant = $5 AND rollout = $1 AND fence = $6
     ), written AS (
       UPDATE lotse.steps SET result = $3, state = $7, error = NULL, ended_at = clock_timestamp()
       WHERE rollout = $1 AND key = $2 AND result IS NULL AND EXISTS (SELECT FROM held) RETURNING result
     ), touched AS (
       UPDATE lotse.rollouts SET revision = revision + 1 WHERE id = $1 AND EXISTS (SELECT FROM written)
     )
     SELECT coalesce((SELECT result FROM written), old.result) AS result
     FROM lotse.steps old WHERE old.rollout = $1 AND old.key = $2`,
    [
      place.rollout,
      place.key,
      JSON.stringify(result),
      place.environment,
      place.tenant,
      place.fence,
      result.ok ? "done" : "failed",
    ],
  );
  return rows[0]?.result ?? null;
}

/** What a pause has left. */
export interface Remainder {
  readonly rollout: string;
  /** Of the step. */
  readonly key: string;
  readonly remainingMs: number;
}

/** Writes down what pauses have left, of many rollouts at once. */
export async function keepRemaining(database: Database, remainders: readonly Remainder[]): Promise<void> {
  await database.queryOnce(
    `UPDATE lotse.steps s SET remaining_ms = k.remaining_ms
     FROM unnest($1::text[], $2::text[], $3::bigint[]) AS k (rollout, key, remaining_ms)
     WHERE s.rollout = k.rollout AND s.key = k.key AND s.result IS NULL`,
    [
      remainders.map(({ rollout }) => rollout),
      remainders.map(({ key }) => key),
      remainders.map(({ remainingMs }) => Math.max(0, Math.round(remainingMs))),
    ],
  );
}

/**
 * Writes down that a step failed by what may pass, and is about to be tried again.
 *
 * @returns whether it may be: not when another execution has taken over
 */
export async function noteFailure(
  database: Database,
  place: StepPlace,
  failures: number,
  reason: string,
): Promise<boolean> {
  const { rows } = await database.query<{ held: boolean }>(
    `WITH held AS (
       SELECT FROM lotse.locks WHERE environment = $3 AND tenant = $4 AND rollout = $1 AND fence = $5
     ), noted AS (
       UPDATE lotse.steps SET failures = $6, error = $7, attempts = attempts + 1
       WHERE rollout = $1 AND key = $2 AND result IS NULL AND failures < $6 AND EXISTS (SELECT FROM held)
     ), touched AS (
       UPDATE lotse.rollouts SET revision = revision + 1 WHERE id = $1 AND EXISTS (SELECT FROM held)
     )
     SELECT EXISTS (SELECT FROM held) AS held`,
    [place.rollout, place.key, place.environment, place.tenant, place.fence, failures, reason],
  );
  return rows[0]?.held === true;
}
