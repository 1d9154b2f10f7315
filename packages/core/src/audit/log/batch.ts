import type { AuditReceipt, Clock, Durability, LotseError } from "../../kernel/index.ts";
import { commitActor, type RandomBytes } from "../entry/commitment.ts";
import { composeEntry, type AuditRecord } from "../entry/compose.ts";
import type { ActorRecord, PersonalRecord } from "../entry/entry.ts";
import type { AuditTransaction, StoredEntry } from "../store/store.ts";
import { unavailable } from "./unavailable.ts";

/** An event that waits for its entry. */
export interface Waiting {
  readonly event: AuditRecord;
  readonly durability: Durability;
  readonly resolve: (receipt: AuditReceipt) => void;
  readonly reject: (error: LotseError) => void;
}

/** Entries that are written together. */
export interface ComposedBatch {
  /** Actors who were not known before. */
  readonly actors: ActorRecord[];
  readonly personal: PersonalRecord[];
  readonly entries: StoredEntry[];
  /** Where the entry of each event comes to stand. */
  readonly receipts: Map<Waiting, AuditReceipt>;
}

/**
 * Makes entries of events, one after the other. An event that exceeds the bounds of an entry is refused at once
 * and left out.
 */
export function composeBatch(
  waiting: readonly Waiting[],
  transaction: AuditTransaction,
  clock: Clock,
  random: RandomBytes,
): ComposedBatch {
  const batch: ComposedBatch = { actors: [], personal: [], entries: [], receipts: new Map() };
  const sequences = new Map<string, number>();
  let { lastTime } = transaction;
  for (const asked of waiting) {
    const { event } = asked;
    const { kind, id } = event.actor;
    const known =
      transaction.actor(event.actor) ??
      batch.actors.find((record) => record.kind === kind && record.id === id);
    const actor = known ?? commitActor(event.actor, random);
    const { commitment } = actor;
    const sequence = (sequences.get(commitment) ?? transaction.sequence(commitment)) + 1;
    const index = transaction.size + batch.entries.length;
    try {
      const place = { index, sequence, commitment, now: clock.now(), lastTime };
      const { entry, line, personal } = composeEntry(event, place, random);
      lastTime = entry.time;
      batch.entries.push({ line, actor: commitment, sequence, time: entry.time });
      batch.personal.push(...personal);
    } catch (error) {
      // What is wrong with one event does not concern those that happen to be written with it.
      asked.reject(unavailable(error));
      continue;
    }
    if (known === undefined) batch.actors.push(actor);
    sequences.set(commitment, sequence);
    batch.receipts.set(asked, { index, sequence });
  }
  return batch;
}
