import { canonicalJson, LotseError, type AuditEvent } from "../../kernel/index.ts";
import { commitPersonal, type RandomBytes } from "./commitment.ts";
import {
  actorIdSchema,
  entrySchema,
  maxEntryBytes,
  personalRecordSchema,
  type AuditEntry,
  type PersonalRecord,
} from "./entry.ts";

/** Personal data that belongs to an event. */
export interface PersonalData {
  /** Whom it is about: what `erase` is called with. */
  readonly subject: string;
  /** Such as `address: "192.0.2.7"`. */
  readonly values: Readonly<Record<string, string>>;
}

/** An event with the personal data that belongs to it. */
export interface AuditRecord extends AuditEvent {
  readonly personal?: PersonalData;
}

/** Where an entry comes to stand. */
export interface Place {
  readonly index: number;
  readonly sequence: number;
  readonly commitment: string;
  readonly now: Date;
  /** The time of the entry before; null for the first. */
  readonly lastTime: string | null;
}

/** An entry ready to be stored. */
export interface ComposedEntry {
  readonly entry: AuditEntry;
  /** Its canonical form, the leaf of the tree. */
  readonly line: string;
  readonly personal: readonly PersonalRecord[];
}

/** How far clocks may go back without a word. */
export const clockToleranceMs = 2000;

/**
 * Makes an entry of an event.
 *
 * @throws LotseError `audit.unavailable` when the event exceeds the bounds of an entry, since what cannot be
 * recorded must not happen
 */
export function composeEntry(event: AuditRecord, place: Place, random: RandomBytes): ComposedEntry {
  const { scope, version, fingerprint, details } = event;
  const personal = personalRecords(event, place.index, random);
  const step = place.lastTime === null ? 0 : Date.parse(place.lastTime) - place.now.getTime();
  const written = {
    v: 1,
    index: place.index,
    time: place.now.toISOString(),
    ...(step > clockToleranceMs && { clockStepMs: step }),
    actor: { kind: event.actor.kind, commitment: place.commitment },
    sequence: place.sequence,
    ...(scope !== undefined && {
      scope: {
        environment: scope.environment,
        ...(scope.tenant !== undefined && { tenant: scope.tenant }),
      },
    }),
    action: event.action,
    object: event.object,
    ...(version !== undefined && { version }),
    ...(fingerprint !== undefined && { fingerprint }),
    request: event.request,
    correlation: event.correlation ?? event.request,
    outcome: event.outcome,
    ...(details !== undefined && { details }),
    ...(personal.length > 0 && {
      personal: Object.fromEntries(personal.map(({ name, commitment }) => [name, commitment])),
    }),
  };
  const checked = entrySchema.safeParse(written);
  if (!checked.success) throw tooMuch(event, checked.error.issues[0]);
  // These stand beside the log, and must be read again as well.
  for (const record of personal) {
    const beside = personalRecordSchema.safeParse(record);
    if (!beside.success) throw tooMuch(event, beside.error.issues[0]);
  }
  const actor = actorIdSchema.safeParse(event.actor.id);
  for (const { message } of actor.error?.issues ?? [])
    throw tooMuch(event, { path: ["actor", "id"], message });
  const line = canonicalJson(written);
  if (Buffer.byteLength(line) > maxEntryBytes) throw tooMuch(event, undefined);
  return { entry: checked.data, line, personal };
}

function personalRecords({ personal }: AuditRecord, index: number, random: RandomBytes): PersonalRecord[] {
  if (personal === undefined) return [];
  return Object.entries(personal.values).map(([name, value]) =>
    commitPersonal({ index, name, value, subject: personal.subject }, random),
  );
}

function tooMuch(
  event: AuditRecord,
  issue: { readonly path: readonly PropertyKey[]; readonly message: string } | undefined,
): LotseError {
  const why = issue === undefined ? "it is too long" : `${issue.path.join(".")}: ${issue.message}`;
  return new LotseError({
    code: "audit.unavailable",
    message: `the event ${event.action} cannot be recorded: ${why}`,
    hint: "what cannot be recorded must not happen; shorten the name that is too long",
  });
}
