import { z } from "zod";

/** The longest line of the log in bytes. */
export const maxEntryBytes = 131_072;

/** The longest id of an actor, and name of a subject, in UTF-16 units. */
const maxIdLength = 1024;

/**
 * Text that every store keeps as it is: a NUL, or half of a pair of surrogates, does not survive in all of them, and
 * what it became would no longer be what its commitment was made from.
 */
const keptText = (longest: number): z.ZodString =>
  z
    .string()
    .max(longest)
    .refine((text) => text.isWellFormed() && !text.includes("\0"), "it is not Unicode, or contains a NUL");

/** Who acts, by name. */
export const actorIdSchema = keptText(maxIdLength);

/** What stands in place of personal data that was erased. */
export const erased = "[erased]";

const hex32 = z.string().regex(/^[0-9a-f]{64}$/u);
const name = z.string().min(1).max(256);
const index = z.int().min(0);

/**
 * An entry as it is hashed: canonical JSON of this. It holds no personal data, only salted commitments to it,
 * so what it commits to can be erased while every proof stays true.
 */
export const entrySchema = z.strictObject({
  v: z.literal(1),
  index,
  /** When it was written, in UTC. */
  time: z.iso.datetime({ precision: 3 }),
  /** By how much the clock went back since the entry before, where it was more than the tolerance. */
  clockStepMs: z.int().min(1).optional(),
  actor: z.strictObject({ kind: z.enum(["user", "ci", "system"]), commitment: hex32 }),
  /** Counts from 1 for each actor, without gaps. */
  sequence: z.int().min(1),
  scope: z.strictObject({ environment: name, tenant: name.optional() }).optional(),
  action: z
    .string()
    .regex(/^[a-z0-9]+(?:[._-][a-z0-9]+)*$/iu)
    .max(128),
  object: z.string().max(4096),
  version: z.string().max(256).optional(),
  fingerprint: z.string().max(256).optional(),
  request: z.string().min(1).max(256),
  correlation: z.string().min(1).max(256),
  outcome: z.enum(["intent", "success", "failure", "denied"]),
  details: z
    .record(z.string().min(1).max(64), z.union([z.string().max(2048), z.number(), z.boolean()]))
    .refine((map) => Object.keys(map).length <= 32)
    .optional(),
  /** Commitments to further personal data, by its name. */
  personal: z
    .record(z.string().min(1).max(64), hex32)
    .refine((map) => Object.keys(map).length <= 16)
    .optional(),
});

/** The type of {@link entrySchema}. */
export type AuditEntry = z.infer<typeof entrySchema>;

/**
 * What is left of an entry whose content retention has dropped. The hash keeps the tree whole; actor and
 * sequence keep the count of each actor without gaps.
 */
export const droppedSchema = z.strictObject({
  v: z.literal(1),
  index,
  dropped: hex32,
  actor: hex32,
  sequence: z.int().min(1),
});

/** The type of {@link droppedSchema}. */
export type DroppedEntry = z.infer<typeof droppedSchema>;

/** Who an actor's commitment stands for; kept beside the log so that it can be erased. */
export const actorRecordSchema = z.strictObject({
  commitment: hex32,
  kind: z.enum(["user", "ci", "system"]),
  id: actorIdSchema,
  salt: hex32,
});

/** The type of {@link actorRecordSchema}. */
export type ActorRecord = z.infer<typeof actorRecordSchema>;

/** What a commitment to personal data stands for; kept beside the log so that it can be erased. */
export const personalRecordSchema = z.strictObject({
  index,
  commitment: hex32,
  /** Whom it is about. */
  subject: keptText(maxIdLength).min(1),
  name: keptText(64).min(1),
  value: keptText(4096),
  salt: hex32,
});

/** The type of {@link personalRecordSchema}. */
export type PersonalRecord = z.infer<typeof personalRecordSchema>;
