import { LotseError, type Actor } from "@lotse/core/kernel";
import type { RolloutRequest } from "@lotse/core/release";
import { changeAndRecord, recordIn } from "../audit/outbox.ts";
import type { Database, Transaction } from "../database/database.ts";
import { rolloutEvent, tenantEvent } from "./audit-events.ts";
import { abortIn } from "./abort.ts";
import type { RolloutState, TenantOutcome } from "./status.ts";

/**
 * What happens when another rollout is at work on one of the tenants, or waits for it: `queue` behind it,
 * `refuse` to start, or `replace` it, which aborts it; it goes back to what ran before, and then this one follows.
 */
export type WhenBusy = "queue" | "refuse" | "replace";

/** A rollout as an execution works on it. */
export interface StoredRollout {
  readonly request: RolloutRequest;
  readonly run: number;
  readonly actor: Actor;
  readonly ended: boolean;
  /** Tenants that an earlier run ended, with how. */
  readonly outcomes: Readonly<Record<string, TenantOutcome>>;
}

/** The id of the durable workflow that carries out a run of a rollout. */
export function workflowIdOf(rollout: string, run: number): string {
  return `${rollout}.${run}`;
}

/**
 * Stores a rollout to be carried out, with its entry in the audit log. The same request again is the same
 * rollout.
 *
 * @throws LotseError `rollout.locked` when a tenant is busy and the caller does not want to queue,
 * `usage.argument` when the id belongs to another request
 */
export function insertRollout(
  database: Database,
  request: RolloutRequest,
  actor: Actor,
  whenBusy: WhenBusy,
): Promise<void> {
  return whenBusy === "queue"
    ? queueRollout(database, request, actor)
    : insertUnlessBusy(database, request, actor, whenBusy);
}

/** Nothing has to be looked at first, so it is one statement. */
async function queueRollout(database: Database, request: RolloutRequest, actor: Actor): Promise<void> {
  const change = {
    name: "lotse-queue-rollout",
    // Those who queue do so side by side; those who look at who is busy wait for them.
    expressions: `alongside AS MATERIALIZED (
       SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))
     ), changed AS (
       INSERT INTO lotse.rollouts (id, environment, request, actor) SELECT $2, $3, $4::jsonb, $5::jsonb FROM alongside
       ON CONFLICT (id) DO NOTHING RETURNING id
     ), tenants AS (
       INSERT INTO lotse.rollout_tenants (rollout, tenant) SELECT id, unnest($6::text[]) FROM changed
     )`,
    values: [
      lockOf(request),
      request.id,
      request.environment,
      JSON.stringify(request),
      JSON.stringify(actor),
      request.tenants,
    ],
  };
  if (!(await changeAndRecord(database, change, rolloutEvent(request, actor, "intent"))))
    await checkSame(database, request);
}

function lockOf({ environment }: RolloutRequest): string {
  return `lotse rollouts of ${environment}`;
}

function insertUnlessBusy(
  database: Database,
  request: RolloutRequest,
  actor: Actor,
  whenBusy: WhenBusy,
): Promise<void> {
  return database.transaction(async (transaction) => {
    // Two that ask at the same moment to be refused when busy would not see each other.
    await transaction.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [lockOf(request)]);
    const { rowCount } = await transaction.query(
      `INSERT INTO lotse.rollouts (id, environment, request, actor) VALUES ($1, $2, $3, $4)
       ON CONFLICT (id) DO NOTHING`,
      [request.id, request.environment, JSON.stringify(request), JSON.stringify(actor)],
    );
    if (rowCount === 0) return checkSame(transaction, request);
    await transaction.query(
      "INSERT INTO lotse.rollout_tenants (rollout, tenant) SELECT $1, unnest($2::text[])",
      [request.id, request.tenants],
    );
    const others = await othersAtWork(transaction, request);
    const [first] = others;
    if (first !== undefined && whenBusy === "refuse") throw busy(request, first);
    for (const { id } of others) await abortIn(transaction, id, actor, `rollout ${request.id} replaces it`);
    await recordIn(transaction, rolloutEvent(request, actor, "intent"));
  });
}

/** The database, or a connection to it. */
interface Queryable {
  query(sql: string, values: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

async function checkSame(database: Queryable, request: RolloutRequest): Promise<void> {
  const { rows } = await database.query("SELECT FROM lotse.rollouts WHERE id = $1 AND request = $2", [
    request.id,
    JSON.stringify(request),
  ]);
  if (rows.length > 0) return;
  throw new LotseError({
    code: "usage.argument",
    message: `there is another rollout with the id ${request.id}`,
  });
}

interface OtherRollout {
  readonly id: string;
  readonly tenant: string;
  readonly state: string;
}

/** Those that have not ended and share a tenant, in the order of their turn. */
async function othersAtWork(
  transaction: Transaction,
  request: RolloutRequest,
): Promise<readonly OtherRollout[]> {
  const { rows } = await transaction.query<OtherRollout>(
    `SELECT DISTINCT ON (other.position) other.id, theirs.tenant, other.state FROM lotse.rollouts other
     JOIN lotse.rollout_tenants theirs ON theirs.rollout = other.id
     JOIN lotse.rollout_tenants ours ON ours.tenant = theirs.tenant AND ours.rollout = $1
     WHERE other.id <> $1 AND other.ended_at IS NULL AND other.environment = $2
     ORDER BY other.position, theirs.tenant`,
    [request.id, request.environment],
  );
  return rows;
}

function busy(request: RolloutRequest, other: OtherRollout): LotseError {
  return new LotseError({
    code: "rollout.locked",
    message: `rollout ${other.id} (${other.state}) is at work on ${request.environment}:${other.tenant}`,
    hint: "wait until it is done, abort it, or ask to queue or to replace it: --when-busy",
    retryable: true,
  });
}

/** Reads a rollout to carry it out; null when there is none. */
export async function loadRollout(database: Database, id: string): Promise<StoredRollout | null> {
  const { rows } = await database.prepared<StoredRollout>(
    "lotse-load-rollout",
    `SELECT request, run, actor, outcomes, ended_at IS NOT NULL AS ended
     FROM lotse.rollouts WHERE id = $1`,
    [id],
  );
  return rows[0] ?? null;
}

/** Shows another state while a rollout goes on; it counts only for the execution that holds the lock. */
export async function showState(
  database: Database,
  rollout: string,
  token: string,
  state: RolloutState,
): Promise<void> {
  await database.query(
    `UPDATE lotse.rollouts SET state = $3, revision = revision + 1
     WHERE id = $1 AND state <> $3 AND ended_at IS NULL
       AND EXISTS (SELECT FROM lotse.locks WHERE rollout = $1 AND token = $2)`,
    [rollout, token, state],
  );
}

/** Writes down how it ended for a tenant. */
export async function keepOutcome(
  database: Database,
  rollout: string,
  tenant: string,
  outcome: TenantOutcome,
): Promise<void> {
  await database.query(
    `UPDATE lotse.rollouts SET outcomes = outcomes || jsonb_build_object($2::text, $3::jsonb),
       revision = revision + 1
     WHERE id = $1 AND ended_at IS NULL`,
    [rollout, tenant, JSON.stringify(outcome)],
  );
}

/**
 * Ends a rollout: its state, its entries in the audit log and the return of its locks are one change.
 *
 * @returns whether this call did it; not when it was ended before, or another execution has taken over
 */
export function finishRollout(
  database: Database,
  { request, actor }: StoredRollout,
  token: string,
  state: RolloutState,
  outcomes: Readonly<Record<string, TenantOutcome>>,
): Promise<boolean> {
  return database.transaction(async (transaction) => {
    const { rowCount } = await transaction.query(
      `UPDATE lotse.rollouts SET state = $3, outcomes = $4, revision = revision + 1,
         ended_at = clock_timestamp(), pause_asked = false, left_run = NULL
       WHERE id = $1 AND ended_at IS NULL
         AND EXISTS (SELECT FROM lotse.locks WHERE rollout = $1 AND token = $2)`,
      [request.id, token, state, JSON.stringify(outcomes)],
    );
    if (rowCount === 0) return false;
    await transaction.query(
      "UPDATE lotse.locks SET rollout = NULL, executor = NULL, taken_at = NULL WHERE rollout = $1",
      [request.id],
    );
    for (const [tenant, outcome] of Object.entries(outcomes)) {
      if (outcome.status !== "skipped")
        await recordIn(transaction, tenantEvent(request, actor, tenant, outcome));
    }
    const good = state === "deployed" ? "success" : "failure";
    await recordIn(transaction, rolloutEvent(request, actor, good, { state }));
    return true;
  });
}
