import type { AuditReceipt } from "../../kernel/index.ts";
import type { AuditRecord } from "../entry/compose.ts";
import type { AuditStore } from "../store/store.ts";
import type { Responsible } from "./audit-log.ts";
import { eraseAction } from "./line-check.ts";
import { unavailable } from "./unavailable.ts";

/** What a change to the log itself needs. */
export interface LogAccess {
  readonly store: AuditStore;
  readonly append: (event: AuditRecord) => Promise<AuditReceipt>;
}

/** What was erased. */
export interface ErasureReport {
  /** How many actors of this id, one for each kind. */
  readonly actors: number;
  /** How many values about it. */
  readonly values: number;
}

/**
 * Forgets all personal data about a subject: who an actor of this id was, and every value about it. Entries and
 * proofs stay as they are. That it was erased is an entry of its own, which names commitments only; without
 * one, `verify` takes missing data for tampering.
 *
 * When the same actor acts again, it is a new one to the log.
 *
 * @throws LotseError `audit.unavailable` when it cannot be recorded or carried out
 */
export async function eraseSubject(
  { store, append }: LogAccess,
  subject: string,
  { actor, request }: Responsible,
): Promise<ErasureReport> {
  try {
    const known = await store.transact((transaction) => transaction.about(subject));
    if (known.actors.length === 0 && known.values === 0) return { actors: 0, values: 0 };
    const objects = known.actors.length > 0 ? known.actors : ["values"];
    const event = { actor, request, action: eraseAction };
    for (const [at, object] of objects.entries()) {
      await append({ ...event, object, outcome: "intent", details: { values: at === 0 ? known.values : 0 } });
    }
    await store.transact((transaction) => transaction.erase(subject));
    for (const object of objects) await append({ ...event, object, outcome: "success" });
    return { actors: known.actors.length, values: known.values };
  } catch (error) {
    throw unavailable(error);
  }
}
