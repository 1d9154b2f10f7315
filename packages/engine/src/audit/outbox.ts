import { actorIdSchema } from "@lotse/core/audit";
import { LotseError, type AuditEvent } from "@lotse/core/kernel";
import { z } from "zod";
import type { Database, Transaction } from "../database/database.ts";

/** The longest event in bytes of JSON: an entry of the log has room for it, with what is added to it. */
const maxEventBytes = 100_000;

const name = z.string().min(1).max(256);

/** What an entry of the log has room for; what does not fit would never get a place in the tree. */
const eventSchema = z.strictObject({
  actor: z.strictObject({ kind: z.enum(["user", "ci", "system"]), id: actorIdSchema }),
  scope: z.strictObject({ environment: name, tenant: name.optional() }).optional(),
  action: z
    .string()
    .regex(/^[a-z0-9]+(?:[._-][a-z0-9]+)*$/iu)
    .max(128),
  object: z.string().max(4096),
  version: z.string().max(256).optional(),
  fingerprint: z.string().max(256).optional(),
  request: name,
  correlation: name.optional(),
  outcome: z.enum(["intent", "success", "failure", "denied"]),
  details: z
    .record(z.string().min(1).max(64), z.union([z.string().max(2048), z.number(), z.boolean()]))
    .refine((map) => Object.keys(map).length <= 32)
    .optional(),
});

/** A change that is one statement, so that it and its entry need one way to the server and back. */
export interface AuditedChange {
  /** Of the statement, unlike that of every other one: the server parses it once. */
  readonly name: string;
  /**
   * Common table expressions without `WITH`. One is called `changed`: it changes something, and yields a row
   * where it did, one at most.
   */
  readonly expressions: string;
  readonly values: readonly unknown[];
}

/**
 * Makes a change and writes its entry of the audit log in one statement: both happen, or neither. Where nothing
 * was changed nothing is written. Tried again after its answer was lost, it must change nothing.
 *
 * @returns whether something was changed
 * @throws LotseError `audit.unavailable` when an entry has no room for the event; nothing is changed then
 */
export async function changeAndRecord(
  database: Database,
  { name: statement, expressions, values }: AuditedChange,
  event: AuditEvent,
): Promise<boolean> {
  const { rowCount } = await database.prepared(
    statement,
    `WITH ${expressions} INSERT INTO lotse.audit_outbox (event) SELECT $${values.length + 1}::json FROM changed`,
    [...values, textOf(event)],
  );
  return rowCount === 1;
}

/**
 * Writes an entry of the audit log in the transaction of the change that it tells of: both happen, or neither.
 * The sequencer gives it its place in the tree within a second.
 *
 * @throws LotseError `audit.unavailable` when an entry has no room for it: what cannot be recorded must not
 * happen
 */
export async function recordIn(transaction: Transaction, event: AuditEvent): Promise<void> {
  await transaction.query({
    name: "lotse-record",
    text: "INSERT INTO lotse.audit_outbox (event) VALUES ($1)",
    values: [textOf(event)],
  });
}

/** The event as it is stored, where an entry has room for it. */
function textOf(event: AuditEvent): string {
  const checked = eventSchema.safeParse(event);
  const text = JSON.stringify(checked.data ?? {});
  if (checked.success && Buffer.byteLength(text) <= maxEventBytes) return text;
  throw new LotseError({
    code: "audit.unavailable",
    message: `the event ${event.action.slice(0, 128)} cannot be recorded: it is too long or malformed`,
    hint: "shorten the name that is too long",
    cause: checked.error,
  });
}
