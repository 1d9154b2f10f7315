import type { Database, Transaction } from "../database/database.ts";

/** Who asks for the locks of a rollout. */
export interface Taker {
  readonly executor: string;
  /** Unlike that of every other execution. */
  readonly token: string;
}

/** What came of asking for a rollout's locks. */
export type Turn =
  /** With the fences by tenant. */
  | { readonly is: "held"; readonly fences: ReadonlyMap<string, number> }
  /** Another rollout is at work, or comes first. */
  | { readonly is: "wait" }
  /** The rollout or this run of it has ended, or there is none. */
  | { readonly is: "ended" };

/** Shuts out an execution that the engine has given up and that may go on all the same; the locks stay taken. */
export async function shutOut(transaction: Transaction, rollout: string): Promise<void> {
  await transaction.query("UPDATE lotse.locks SET fence = fence + 1, token = NULL WHERE rollout = $1", [
    rollout,
  ]);
}

interface TurnRow {
  turn: { readonly is: Turn["is"]; readonly fences?: Readonly<Record<string, number>> };
}

/**
 * Takes the locks of all tenants of a rollout, or none of them. Rollouts that share a tenant take their turn in
 * the order in which they were started. Every execution of a rollout does so, and gets new fences, so whatever
 * an earlier execution still does carries an older fence.
 */
export async function takeTurn(
  database: Database,
  rollout: string,
  run: number,
  { executor, token }: Taker,
): Promise<Turn> {
  const { rows } = await database.prepared<TurnRow>(
    "lotse-take-turn",
    "SELECT lotse.take_turn($1, $2, $3, $4) AS turn",
    [rollout, run, executor, token],
  );
  const { is, fences } = rows[0]?.turn ?? { is: "ended" };
  return is === "held" ? { is, fences: new Map(Object.entries(fences ?? {})) } : { is };
}
