import { createHash } from "node:crypto";
import { LotseError } from "@lotse/core/kernel";
import { isSafeName } from "@lotse/core/release";
import { z } from "zod";

const nameSchema = z.string().refine(isSafeName, "is not a usable name");
const stepNameSchema = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/u);

const actSchema = z.strictObject({
  kind: z.literal("act"),
  name: stepNameSchema,
  /** What the driver needs to know, such as the colour; nothing secret, for it is stored. */
  input: z.record(z.string().max(64), z.json()).default({}),
  /** Whether a failure undoes the tenant, or is written down and the next step follows. */
  onFailure: z.enum(["undo", "continue"]).default("undo"),
  /** Whether the tenant may still be undone when it is asked for before or during this step. */
  abortable: z.boolean().default(true),
});

const pauseSchema = z.strictObject({
  kind: z.literal("pause"),
  name: stepNameSchema,
  /** How long somebody must have watched; time in which no worker runs does not count. */
  durationMs: z
    .int()
    .min(0)
    .max(30 * 86_400_000),
});

const approvalSchema = z.strictObject({ kind: z.literal("approval"), name: stepNameSchema });

const stepSchema = z.discriminatedUnion("kind", [actSchema, pauseSchema, approvalSchema]);

/** A step as data: something that the driver does, a pause, or a wait until somebody approves. */
export type PlanStep = z.infer<typeof stepSchema>;

/** A step that the driver carries out. */
export type ActStep = z.infer<typeof actSchema>;

const tenantSchema = z.strictObject({
  tenant: nameSchema,
  steps: z.array(stepSchema).max(500),
  /** What undoes the tenant, wherever it broke off. */
  undo: z.array(actSchema).max(100),
  /** Whether there is something to go back to; decides between `rolled-back` and `failed`. */
  hasPrevious: z.boolean(),
});

/** The part of a plan for one tenant. */
export type TenantSteps = z.infer<typeof tenantSchema>;

const planSchema = z
  .strictObject({
    id: z.string().regex(/^[\w-]{1,64}$/u),
    environment: nameSchema,
    release: z.strictObject({ id: z.string().min(1).max(128), version: z.string().min(1).max(256) }),
    strategy: z.string().min(1).max(64),
    /** One after the other; those after a tenant that fails stay as they are. */
    tenants: z.array(tenantSchema).min(1).max(10_000),
  })
  .refine(({ tenants }) => new Set(tenants.map(({ tenant }) => tenant)).size === tenants.length, {
    error: "names a tenant twice",
  });

/** A rollout as data, the way it is stored and carried out. Its id is chosen by the caller. */
export type EnginePlan = z.infer<typeof planSchema>;

/** What callers write; what has a default may be left out. */
export type EnginePlanInput = z.input<typeof planSchema>;

/**
 * Checks a plan that comes from outside.
 *
 * @throws LotseError `usage.argument` naming what is wrong
 */
export function parsePlan(input: EnginePlanInput): EnginePlan {
  const parsed = planSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new LotseError({
    code: "usage.argument",
    message: `the plan is not usable: ${z.prettifyError(parsed.error).slice(0, 500)}`,
    cause: parsed.error,
  });
}

/**
 * The idempotency key of a step: the same whenever this step of this run of this rollout is carried out, and
 * different from that of every other.
 */
export function keyOf(rollout: string, run: number, tenant: string, ordinal: number, name: string): string {
  return `${rollout}.${run}/${tenant}/${ordinal}-${name}`;
}

/**
 * The partition of the queue: rollouts of one tenant follow each other in one. A rollout of several tenants
 * has one of its own, and waits for its locks itself.
 */
export function partitionOf({ id, environment, tenants }: EnginePlan): string {
  const [first] = tenants;
  if (tenants.length === 1 && first !== undefined) return `${environment}/${first.tenant}`;
  return `${environment}/*${createHash("sha256").update(id).digest("hex").slice(0, 16)}`;
}
