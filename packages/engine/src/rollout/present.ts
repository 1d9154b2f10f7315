import { LotseError, type Actor } from "@lotse/core/kernel";
import type { RolloutRequest } from "@lotse/core/release";
import type { Transaction } from "../database/database.ts";
import { notFound } from "./read-status.ts";
import type { RolloutState } from "./status.ts";

/** A rollout as a command finds it. */
export interface Present {
  readonly request: RolloutRequest;
  /** Who started it. */
  readonly actor: Actor;
  readonly state: RolloutState;
  readonly run: number;
  readonly abort_asked: boolean;
}

/** Reads a rollout and keeps others from changing it until the transaction ends. @throws LotseError `rollout.not-found` */
export async function lockForCommand(transaction: Transaction, id: string): Promise<Present> {
  const { rows } = await transaction.query<Present>(
    "SELECT request, actor, state, run, abort_asked FROM lotse.rollouts WHERE id = $1 FOR UPDATE",
    [id],
  );
  const [present] = rows;
  if (present === undefined) throw notFound(id);
  return present;
}

/** The error for what does not fit a rollout's state. */
export function refused(id: string, why: string, hint = "lotse status shows where it stands"): LotseError {
  return new LotseError({ code: "rollout.refused", message: `rollout ${id} ${why}`, hint });
}
