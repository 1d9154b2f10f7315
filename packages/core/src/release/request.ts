import { z } from "zod";
import { nameSchema } from "./names.ts";

/** The schema of {@link RolloutRequest}. */
export const rolloutRequestSchema = z
  .strictObject({
    id: z.string().regex(/^[\w-]{1,64}$/u),
    kind: z.enum(["deploy", "rollback"]),
    environment: nameSchema,
    release: z.strictObject({ id: z.string().min(1).max(128), version: z.string().min(1).max(256) }),
    /** The strategy by name, and as data in the form of a strategy file, so that later edits change nothing. */
    strategy: z.looseObject({ name: z.string().min(1).max(64) }),
    /** One after the other; those after a tenant that fails stay as they are. */
    tenants: z.array(nameSchema).min(1).max(10_000),
    /** Whether tenants that run this release already get it again. */
    force: z.boolean().default(false),
    /** Whether the operator accepts that a migration leaves no way back. */
    acceptIrreversible: z.boolean().default(false),
    /** Who wants it, as `kind:id`. */
    by: z.string().min(1).max(256).default("unknown"),
  })
  .refine(({ tenants }) => new Set(tenants).size === tenants.length, { error: "names a tenant twice" });

/**
 * What somebody wants rolled out, as data, the way it is stored. What it means for a tenant is planned when
 * the tenant's turn has come.
 */
export type RolloutRequest = z.infer<typeof rolloutRequestSchema>;
