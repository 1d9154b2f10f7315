import { z } from "zod";
import { colourSchema, nameSchema } from "./names.ts";

/** What can be done to a tenant on a target; see docs/release.md for what each does and how it is undone. */
export const actions = [
  "prepare",
  "start",
  "wait-healthy",
  "route",
  "verify",
  "gate",
  "hook",
  "drain",
  "stop",
  "retire",
  "restore",
  "discard",
] as const;

/** One of {@link actions}. */
export type Action = (typeof actions)[number];

/** Shares of new requests in percent. */
export const weightsSchema = z
  .strictObject({ blue: z.int().min(0).max(100), green: z.int().min(0).max(100) })
  .refine(({ blue, green }) => blue + green === 100 || blue + green === 0, {
    error: "blue and green must be 100 together, or both 0",
  });

/** Shares of new requests in percent, 100 together; both 0 where nobody answers. */
export type Weights = z.infer<typeof weightsSchema>;

/** Whether those who were served by a colour stay with it while requests are shared out. */
export const stickySchema = z.union([
  z.enum(["none", "session"]),
  z.strictObject({
    /** Requests with the same value of this field stay together. */
    header: z
      .string()
      .max(64)
      .regex(/^[A-Za-z0-9-]+$/u, "is not the name of a header field"),
  }),
]);

/** `session`: by a cookie; `header`: by the value of a header field, such as that of a customer. */
export type Sticky = z.infer<typeof stickySchema>;

const inputSchema = z.strictObject({
  colour: colourSchema,
  /** The id of the release that the rollout brings. */
  release: z.string().max(128),
  /** Only these hosts of the target. @defaultValue all */
  hosts: z.array(nameSchema).min(1).max(1000).optional(),
  /** For `route`. */
  weights: weightsSchema.optional(),
  /** For `route`. @defaultValue `none` */
  sticky: stickySchema.optional(),
  /** For `gate`: the name of one of the strategy's gates. */
  gate: z.string().max(64).optional(),
  /** For `hook`: the name of one of the app's hooks. */
  hook: z.string().max(64).optional(),
  /** What `restore` gives the traffic back to; null where nothing had it. */
  previous: colourSchema.nullable(),
});

/** What an action needs to know. Nothing secret: it is stored. */
export type StepInput = z.infer<typeof inputSchema>;

/** The name by which people see a step. */
const stepNameSchema = z.string().regex(/^[a-z][a-z0-9.-]{0,62}$/u);

/** The schema of {@link ActStep}. */
export const actSchema = z.strictObject({
  kind: z.literal("act"),
  name: stepNameSchema,
  action: z.enum(actions),
  input: inputSchema,
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

/** The schema of {@link PlanStep}. */
export const stepSchema = z.discriminatedUnion("kind", [actSchema, pauseSchema, approvalSchema]);

/** A step as data: something that is done, a pause, or a wait until somebody approves. */
export type PlanStep = z.infer<typeof stepSchema>;

/** A step that does something. */
export type ActStep = z.infer<typeof actSchema>;
