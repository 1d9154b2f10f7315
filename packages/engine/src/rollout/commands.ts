import type { Actor } from "@lotse/core/kernel";
import type { TenantPlan } from "@lotse/core/release";
import { recordIn } from "../audit/outbox.ts";
import type { Database, Transaction } from "../database/database.ts";
import { transactOnce } from "../database/once.ts";
import { abortIn } from "./abort.ts";
import { commandEvent, rolloutEvent } from "./audit-events.ts";
import { gateKey } from "./controls.ts";
import { shutOut } from "./locks.ts";
import { lockForCommand, refused, type Present } from "./present.ts";
import { endStates } from "./status.ts";

/** Which approval is given. */
export interface Approval {
  /** The name of the step. @defaultValue the first that is not approved */
  readonly gate?: string | undefined;
  /** @defaultValue the first tenant that has such a step */
  readonly tenant?: string | undefined;
}

/** Changes a rollout and records it, in one transaction that takes effect once. */
function command(
  database: Database,
  id: string,
  actor: Actor,
  action: string,
  act: (transaction: Transaction, present: Present) => Promise<Readonly<Record<string, string>> | void>,
): Promise<void> {
  return transactOnce(database, async (transaction) => {
    const present = await lockForCommand(transaction, id);
    const details = await act(transaction, present);
    await transaction.query("UPDATE lotse.rollouts SET revision = revision + 1 WHERE id = $1", [id]);
    await recordIn(transaction, commandEvent(present.request, actor, action, details ?? {}));
  });
}

/** Makes a rollout wait before its next step, or at a pause. */
export function pauseRollout(database: Database, id: string, actor: Actor): Promise<void> {
  return command(database, id, actor, "pause", async (transaction, { state, abort_asked: aborting }) => {
    if (endStates.has(state)) throw refused(id, `has ended: ${state}`);
    if (aborting) throw refused(id, "is being aborted");
    await transaction.query("UPDATE lotse.rollouts SET pause_asked = true WHERE id = $1", [id]);
  });
}

/** Lets a paused rollout go on. */
export function resumeRollout(database: Database, id: string, actor: Actor): Promise<void> {
  return command(database, id, actor, "resume", async (transaction, { state }) => {
    if (endStates.has(state)) throw refused(id, `has ended: ${state}`);
    await transaction.query("UPDATE lotse.rollouts SET pause_asked = false WHERE id = $1", [id]);
  });
}

/** Undoes the tenant at work and leaves those after it as they are. What still queues ends at once. */
export function abortRollout(database: Database, id: string, actor: Actor): Promise<void> {
  return transactOnce(database, (transaction) => abortIn(transaction, id, actor));
}

/** Approves what a rollout waits for, or will wait for. */
export function approveRollout(
  database: Database,
  id: string,
  actor: Actor,
  { gate, tenant }: Approval,
): Promise<void> {
  return command(database, id, actor, "approve", async (transaction, { request, run, state }) => {
    if (endStates.has(state)) throw refused(id, `has ended: ${state}`);
    const { rows: plans } = await transaction.query<{ plan: TenantPlan }>(
      "SELECT plan FROM lotse.plans WHERE rollout = $1 AND run = $2",
      [id, run],
    );
    const order = new Map(request.tenants.map((name, at) => [name, at]));
    const gates = plans
      .map(({ plan }) => plan)
      .sort((a, b) => (order.get(a.tenant) ?? 0) - (order.get(b.tenant) ?? 0))
      .flatMap((plan) =>
        plan.steps.flatMap(({ kind, name }) =>
          kind === "approval" ? [{ tenant: plan.tenant, gate: name }] : [],
        ),
      );
    const { rows } = await transaction.query<{ tenant: string; gate: string }>(
      "SELECT tenant, gate FROM lotse.approvals WHERE rollout = $1 AND run = $2",
      [id, run],
    );
    const given = new Set(rows.map((row) => gateKey(row.tenant, row.gate)));
    const matching = gates.filter(
      (one) => (gate ?? one.gate) === one.gate && (tenant ?? one.tenant) === one.tenant,
    );
    const wanted = matching.find((one) => !given.has(gateKey(one.tenant, one.gate))) ?? matching.at(-1);
    if (wanted === undefined || (gate === undefined && given.has(gateKey(wanted.tenant, wanted.gate)))) {
      const known = gates.map((one) => `${one.gate} of ${one.tenant}`).join(", ");
      throw refused(id, `has no approval ${gate ?? "left to give"}`, `it has: ${known || "none yet"}`);
    }
    await transaction.query(
      `INSERT INTO lotse.approvals (rollout, tenant, gate, run, actor) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT DO NOTHING`,
      [id, wanted.tenant, wanted.gate, run, JSON.stringify(actor)],
    );
    return { gate: wanted.gate, tenant: wanted.tenant };
  });
}

/** Carries out a rollout again that failed, was aborted or is stuck; tenants that it deployed stay. */
export function retryRollout(database: Database, id: string, actor: Actor): Promise<void> {
  return command(database, id, actor, "retry", async (transaction, { state, request, actor: owner }) => {
    if (state !== "failed" && state !== "aborted" && state !== "stuck")
      throw refused(id, `is ${state}, and there is nothing to retry`);
    await transaction.query(
      `UPDATE lotse.rollouts SET run = run + 1, state = 'queued', ended_at = NULL, reason = NULL,
         abort_asked = false, pause_asked = false,
         left_run = CASE WHEN state = 'stuck' THEN coalesce(left_run, run) ELSE left_run END WHERE id = $1`,
      [id],
    );
    if (state === "stuck") await shutOut(transaction, id);
    // A rollout that is stuck has told its intent and not its outcome yet.
    if (state !== "stuck") await recordIn(transaction, rolloutEvent(request, owner, "intent"));
  });
}
