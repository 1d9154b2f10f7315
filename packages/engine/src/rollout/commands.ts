import { LotseError, type Actor } from "@lotse/core/kernel";
import { recordIn } from "../audit/outbox.ts";
import type { Database, Transaction } from "../database/database.ts";
import type { EnginePlan } from "./plan.ts";
import { transactOnce } from "../database/once.ts";
import { notFound } from "./read-status.ts";
import { auditEventOf } from "./rollout-store.ts";
import type { RolloutState } from "./status.ts";

interface Present {
  readonly plan: EnginePlan;
  readonly state: RolloutState;
  readonly run: number;
  readonly abort_asked: boolean;
}

/** Changes a rollout and records it, in one transaction that takes effect once. */
function command(
  database: Database,
  id: string,
  actor: Actor,
  action: string,
  act: (transaction: Transaction, present: Present) => Promise<void>,
): Promise<void> {
  return transactOnce(database, async (transaction) => {
    const { rows } = await transaction.query<Present>(
      "SELECT plan, state, run, abort_asked FROM lotse.rollouts WHERE id = $1 FOR UPDATE",
      [id],
    );
    const [present] = rows;
    if (present === undefined) throw notFound(id);
    await act(transaction, present);
    await transaction.query("UPDATE lotse.rollouts SET revision = revision + 1 WHERE id = $1", [id]);
    await recordIn(transaction, auditEventOf(present.plan, actor, action, "success"));
  });
}

function refused(id: string, why: string, hint?: string): LotseError {
  return new LotseError({ code: "rollout.refused", message: `rollout ${id} ${why}`, hint });
}

const ended: ReadonlySet<RolloutState> = new Set(["deployed", "failed", "aborted"]);

/** Makes a rollout wait before its next step, or at a pause. */
export function pauseRollout(database: Database, id: string, actor: Actor): Promise<void> {
  return command(database, id, actor, "pause", async (transaction, { state, abort_asked: aborting }) => {
    if (ended.has(state)) throw refused(id, `has ended: ${state}`);
    if (aborting) throw refused(id, "is being aborted");
    await transaction.query("UPDATE lotse.rollouts SET pause_asked = true WHERE id = $1", [id]);
  });
}

/** Lets a paused rollout go on. */
export function resumeRollout(database: Database, id: string, actor: Actor): Promise<void> {
  return command(database, id, actor, "resume", async (transaction, { state }) => {
    if (ended.has(state)) throw refused(id, `has ended: ${state}`);
    await transaction.query("UPDATE lotse.rollouts SET pause_asked = false WHERE id = $1", [id]);
  });
}

/** Undoes the tenant at work and leaves those after it as they are. What still queues ends at once. */
export function abortRollout(database: Database, id: string, actor: Actor): Promise<void> {
  return command(database, id, actor, "abort", async (transaction, { state }) => {
    if (state === "aborted") return;
    if (ended.has(state))
      throw refused(id, `has ended: ${state}`, "lotse rollback goes back to an earlier release");
    await transaction.query(
      "UPDATE lotse.rollouts SET abort_asked = true, pause_asked = false WHERE id = $1",
      [id],
    );
    if (state === "queued") {
      await transaction.query(
        "UPDATE lotse.rollouts SET state = 'aborted', ended_at = clock_timestamp() WHERE id = $1",
        [id],
      );
    }
    if (state === "stuck")
      await transaction.query("UPDATE lotse.rollouts SET run = run + 1 WHERE id = $1", [id]);
  });
}

/**
 * Approves what a rollout waits for, or will wait for.
 *
 * @param gate - the name of the approval. @defaultValue the first that is not approved
 */
export function approveRollout(database: Database, id: string, actor: Actor, gate?: string): Promise<void> {
  return command(database, id, actor, "approve", async (transaction, { plan, run, state }) => {
    if (ended.has(state)) throw refused(id, `has ended: ${state}`);
    const gates = plan.tenants.flatMap(({ steps }) =>
      steps.filter(({ kind }) => kind === "approval").map(({ name }) => name),
    );
    const { rows } = await transaction.query<{ gate: string }>(
      "SELECT gate FROM lotse.approvals WHERE rollout = $1 AND run = $2",
      [id, run],
    );
    const given = new Set(rows.map((row) => row.gate));
    const wanted = gate ?? gates.find((name) => !given.has(name));
    if (wanted === undefined || !gates.includes(wanted))
      throw refused(id, `has no approval ${gate ?? "left to give"}`, `it has: ${gates.join(", ") || "none"}`);
    await transaction.query(
      `INSERT INTO lotse.approvals (rollout, gate, run, actor) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
      [id, wanted, run, JSON.stringify(actor)],
    );
  });
}

/** Carries out a rollout again that failed, was aborted or is stuck; tenants that it deployed stay. */
export function retryRollout(database: Database, id: string, actor: Actor): Promise<void> {
  return command(database, id, actor, "retry", async (transaction, { state }) => {
    if (state !== "failed" && state !== "aborted" && state !== "stuck")
      throw refused(id, `is ${state}, and there is nothing to retry`);
    await transaction.query(
      `UPDATE lotse.rollouts SET run = run + 1, state = 'queued', ended_at = NULL, reason = NULL,
         abort_asked = false, pause_asked = false WHERE id = $1`,
      [id],
    );
  });
}
