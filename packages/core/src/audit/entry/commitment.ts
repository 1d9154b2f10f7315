import { createHmac } from "node:crypto";
import { canonicalJson, type Actor } from "../../kernel/index.ts";
import type { ActorRecord, PersonalRecord } from "./entry.ts";

/** Random bytes, so that tests can decide what is random. */
export type RandomBytes = (length: number) => Buffer;

/**
 * Commits to a value: HMAC-SHA-256 keyed with a salt of 32 random bytes. Without the salt nobody can tell
 * whether a guess of the value is right, so erasing salt and value erases what the commitment says.
 *
 * @see https://www.rfc-editor.org/rfc/rfc2104
 */
function commit(salt: string, parts: readonly string[]): string {
  return createHmac("sha256", Buffer.from(salt, "hex")).update(canonicalJson(parts)).digest("hex");
}

/** Commits to an actor for the first time. */
export function commitActor({ kind, id }: Actor, random: RandomBytes): ActorRecord {
  const salt = random(32).toString("hex");
  return { commitment: commit(salt, ["actor", kind, id]), kind, id, salt };
}

/** Commits to personal data of an entry; each value has a salt of its own, so equal values do not show. */
export function commitPersonal(
  data: Omit<PersonalRecord, "salt" | "commitment">,
  random: RandomBytes,
): PersonalRecord {
  const salt = random(32).toString("hex");
  return { ...data, salt, commitment: commit(salt, ["personal", data.name, data.value]) };
}

/** Whether a record is what its commitment was made from. */
export function isActorOf(record: ActorRecord): boolean {
  return record.commitment === commit(record.salt, ["actor", record.kind, record.id]);
}

/** Whether a record is what its commitment was made from. */
export function isPersonalOf(record: PersonalRecord): boolean {
  return record.commitment === commit(record.salt, ["personal", record.name, record.value]);
}
