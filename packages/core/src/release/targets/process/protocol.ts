import { z } from "zod";
import { colourSchema, nameSchema } from "../../names.ts";
import { stickySchema, weightsSchema } from "../../step.ts";
import { processSpecSchema } from "./spec.ts";
import { processIdentitySchema } from "../../../kernel/index.ts";

/** The longest message on the supervisor's socket: 4 MiB. */
export const maxMessageBytes = 4 * 1024 * 1024;

const scopeSchema = z.strictObject({ environment: nameSchema, tenant: nameSchema });
const slotSchema = z.strictObject({ ...scopeSchema.shape, colour: colourSchema });

/** All that is needed to run a colour, also again after the supervisor's death. */
const launchSchema = z.strictObject({
  ...slotSchema.shape,
  release: z.string().min(1).max(128),
  version: z.string().min(1).max(256),
  /** The slot's directory, absolute; removed with the slot. */
  directory: z.string().min(1).max(4096),
  codeDirectory: z.string().min(1).max(4096),
  configFile: z.string().min(1).max(4096),
  variables: z.record(z.string().max(1024), z.string()),
  /** The names of the variables that are secret; their values are never written to disk. */
  secretNames: z.array(z.string().max(1024)).max(10_000).default([]),
  spec: processSpecSchema,
});

/** All that is needed to run a colour. */
export type Launch = z.infer<typeof launchSchema>;

/** What an effect carries; see `Fencing`. */
const fencing = z
  .strictObject({
    fence: z.int().min(0),
    key: z.string().max(512),
    /** Whose fence it is; only those of the same owner can be compared. */
    owner: z.string().max(128).default(""),
  })
  .optional();

/** What an effect carries. */
export type SupervisorFencing = NonNullable<z.infer<typeof fencing>>;

/** The longest that a command may run: a day. */
const maxRunMs = 86_400_000;

/** What the supervisor can be asked. */
export const requestSchema = z.discriminatedUnion("method", [
  z.strictObject({ method: z.literal("ping") }),
  z.strictObject({ method: z.literal("inspect"), scope: scopeSchema }),
  z.strictObject({
    method: z.literal("prepare"),
    launch: launchSchema,
    /** The values of `secretNames`. */
    secrets: z.record(z.string().max(1024), z.string()).default({}),
    fencing,
  }),
  /** Whether an effect may begin, and whether it was done before. */
  z.strictObject({ method: z.literal("admit"), slot: slotSchema, fencing }),
  z.strictObject({ method: z.literal("start"), slot: slotSchema, fencing }),
  z.strictObject({
    method: z.literal("route"),
    scope: scopeSchema,
    weights: weightsSchema,
    sticky: stickySchema,
    fencing,
  }),
  z.strictObject({
    method: z.literal("run"),
    slot: slotSchema,
    command: z.array(z.string().min(1).max(4096)).min(1).max(64),
    timeoutMs: z.int().min(1).max(maxRunMs),
    fencing,
  }),
  z.strictObject({ method: z.literal("end"), slot: slotSchema, fencing }),
  z.strictObject({ method: z.literal("remove"), slot: slotSchema, fencing }),
  z.strictObject({ method: z.literal("stop") }),
]);

/** See {@link requestSchema}. */
export type SupervisorRequest = z.input<typeof requestSchema>;

/** What is reported about one colour. Variables are left out on purpose. */
const instanceStatusSchema = z.strictObject({
  colour: colourSchema,
  release: z.string(),
  version: z.string(),
  state: z.enum(["prepared", "running", "stopped", "backing-off", "exited"]),
  pid: z.int().nullable(),
  /** Where the process itself listens. */
  port: z.int().nullable(),
  /** How often it ended by itself. */
  exits: z.int(),
  restarts: z.int(),
  /** How it ended last, such as `exit status 1`. */
  lastExit: z.string().nullable(),
  requests: z.int(),
  errors: z.int(),
  /** Requests that were sent again on a fresh connection. */
  retries: z.int(),
  inFlight: z.int(),
  spec: processSpecSchema,
});

/** What is reported about a tenant in an environment. */
export const slotStatusSchema = z.strictObject({
  weights: weightsSchema,
  /** Where the tenant is reached on 127.0.0.1; null while that cannot be opened. */
  port: z.int().nullable(),
  /** Requests that came while no colour had the traffic. */
  unrouted: z.int(),
  colours: z.array(instanceStatusSchema),
});

/** What is reported about one colour. */
export type InstanceStatus = z.infer<typeof instanceStatusSchema>;

/** See {@link slotStatusSchema}. */
export type SlotStatus = z.infer<typeof slotStatusSchema>;

/** The errors that it answers with. */
export const answerCodes = [
  "target.refused",
  "target.port",
  "target.start",
  "target.hook",
  "rollout.fence",
  "internal.bug",
] as const;

/** How the supervisor answers. */
export const responseSchema = z.discriminatedUnion("ok", [
  z.strictObject({ ok: z.literal(true), result: z.unknown() }),
  z.strictObject({
    ok: z.literal(false),
    code: z.enum(answerCodes),
    message: z.string(),
  }),
]);

/** Where the supervisor of a workspace is; kept in `.lotse/run/supervisor.json`. */
export const supervisorRecordSchema = z.strictObject({
  schema: z.literal(1),
  process: processIdentitySchema,
  socket: z.string().min(1).max(4096),
});

/** What should run; kept in `.lotse/state/process-target.json` and written by the supervisor alone. */
export const desiredStateSchema = z.strictObject({
  schema: z.literal(1),
  slots: z.array(
    z.strictObject({
      ...scopeSchema.shape,
      /** The port of this tenant, kept also while nothing runs. */
      port: z.int().min(1).max(65_535).nullable(),
      /** Until there were weights: the colour that had all. */
      active: colourSchema.nullable().default(null),
      weights: weightsSchema.optional(),
      sticky: stickySchema.default("none"),
      /** See `Shares`. */
      turn: z.int().min(0).max(99).default(0),
      /** The newest fence that was seen. */
      fence: z.int().min(0).default(0),
      fenceOwner: z.string().default(""),
      /** Effects that are done, with what they answered, newest first. */
      done: z.array(z.strictObject({ key: z.string(), answer: z.string() })).default([]),
      colours: z.array(
        z.strictObject({
          launch: launchSchema,
          port: z.int().min(1).max(65_535),
          /** Whether it had the traffic at some time, and is therefore started again after a crash. */
          routed: z.boolean(),
          /** Whether it was ended and kept. */
          stopped: z.boolean().default(false),
          process: processIdentitySchema.nullable(),
        }),
      ),
    }),
  ),
});

/** See {@link desiredStateSchema}. */
export type DesiredState = z.infer<typeof desiredStateSchema>;
