import { z } from "zod";

/** The shapes of what the commands of rollouts print. */

const time = z.string().describe("ISO 8601");
const placement = z.strictObject({
  release: z.string(),
  version: z.string(),
  colour: z.enum(["blue", "green"]),
});

const step = z.strictObject({
  tenant: z.string(),
  name: z.string(),
  kind: z
    .enum(["act", "pause", "approval", "undo", "bookkeeping"])
    .describe("undo: it puts the tenant back; bookkeeping: planning and records, shown where they fail"),
  state: z
    .enum(["pending", "running", "done", "failed", "skipped"])
    .describe("pending: planned and still to come; skipped: planned, and will not come any more"),
  attempts: z
    .int()
    .min(0)
    .describe("how often it was begun; more than once after a crash or a failure that may pass"),
  startedAt: time.nullable(),
  endedAt: time.nullable(),
  error: z.string().optional(),
  note: z.string().optional(),
});

const tenant = z.strictObject({
  tenant: z.string(),
  status: z.enum(["pending", "running", "deployed", "rolled-back", "up-to-date", "skipped", "failed"]),
  release: placement.nullable().describe("what it gets; null until its turn has come"),
  previous: placement.optional().describe("what it ran before; absent where that was nothing"),
  code: z.string().optional(),
  reason: z.string().optional(),
  durationMs: z.number().nullable(),
  rollbackMs: z.number().optional().describe("from the failure until everything was put back"),
});

/** `lotse status ROLLOUT`, `deploy`, `rollback` and the commands that steer a rollout. */
export const rolloutShape = z.strictObject({
  id: z.string(),
  rollout: z.string().describe("the same as id, as `deploy --detach` prints it"),
  kind: z.enum(["deploy", "rollback"]),
  environment: z.string(),
  release: z.strictObject({ id: z.string(), version: z.string() }),
  strategy: z.string(),
  state: z.enum([
    "queued",
    "running",
    "paused",
    "waiting",
    "aborting",
    "stuck",
    "deployed",
    "failed",
    "aborted",
  ]),
  status: z
    .enum(["deployed", "failed", "interrupted"])
    .nullable()
    .describe("how it ended, interrupted where somebody aborted it; null while it goes on"),
  run: z.int().min(1).describe("how often it was carried out; each retry adds one"),
  by: z.string(),
  steps: z.array(step),
  tenants: z.array(tenant),
  reason: z.string().nullable(),
  createdAt: time,
  startedAt: time.nullable(),
  endedAt: time.nullable(),
});

/** `deploy --detach` and `rollback --detach`. */
export const rolloutStartedShape = z.strictObject({ rollout: z.string() });

const planStep = z.looseObject({ kind: z.enum(["act", "pause", "approval"]), name: z.string() });

/** `deploy --dry-run` and `rollback --dry-run`. */
export const planShape = z.strictObject({
  id: z.string(),
  environment: z.string(),
  release: z.strictObject({ id: z.string(), version: z.string() }),
  strategy: z.string(),
  tenants: z.array(
    z.strictObject({
      tenant: z.string(),
      from: placement.optional(),
      to: placement,
      steps: z.array(planStep).describe("none where the tenant is up to date"),
      undo: z.array(planStep),
    }),
  ),
});

/** The printed form of a rollout. */
export type PrintedRollout = z.infer<typeof rolloutShape>;
