import type { Actor } from "@lotse/core/kernel";
import { recordIn } from "../audit/outbox.ts";
import type { Transaction } from "../database/database.ts";
import { commandEvent, rolloutEvent } from "./audit-events.ts";
import { shutOut } from "./locks.ts";
import { lockForCommand, refused } from "./present.ts";
import { endStates } from "./status.ts";

/**
 * Asks for a rollout to be aborted: the tenant at work is undone, those after it stay as they are. What still
 * queues and holds no lock ends at once; what is stuck gets a run that undoes it. Twice is once.
 *
 * @param reason - why, where it is replaced by another one
 * @throws LotseError `rollout.not-found`, `rollout.refused` when it has ended in another way
 */
export async function abortIn(
  transaction: Transaction,
  id: string,
  actor: Actor,
  reason?: string,
): Promise<void> {
  const { request, state, actor: owner } = await lockForCommand(transaction, id);
  if (state === "aborted") return;
  if (endStates.has(state)) {
    // Whoever replaces it has what they want.
    if (reason !== undefined) return;
    throw refused(id, `has ended: ${state}`, "lotse rollback goes back to an earlier release");
  }
  await transaction.query(
    `UPDATE lotse.rollouts SET abort_asked = true, pause_asked = false, revision = revision + 1,
       reason = coalesce($2, reason), run = run + ($3 = 'stuck')::int,
       left_run = CASE WHEN $3 = 'stuck' THEN coalesce(left_run, run) ELSE left_run END
     WHERE id = $1`,
    [id, reason ?? null, state],
  );
  if (state === "stuck") await shutOut(transaction, id);
  await recordIn(transaction, commandEvent(request, actor, "abort"));
  if (state !== "queued") return;
  const { rowCount } = await transaction.query(
    `UPDATE lotse.rollouts SET state = 'aborted', ended_at = clock_timestamp()
     WHERE id = $1 AND NOT EXISTS (SELECT FROM lotse.locks WHERE rollout = $1)`,
    [id],
  );
  // A run of it was stuck and has left something to undo.
  if (rowCount === 0) return;
  await recordIn(transaction, rolloutEvent(request, owner, "failure", { state: "aborted" }));
}
