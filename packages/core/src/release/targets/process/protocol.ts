import { z } from "zod";
import { colourSchema, nameSchema } from "../../names.ts";
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

/** What the supervisor can be asked. */
export const requestSchema = z.discriminatedUnion("method", [
  z.strictObject({ method: z.literal("ping") }),
  z.strictObject({ method: z.literal("inspect"), scope: scopeSchema }),
  z.strictObject({
    method: z.literal("prepare"),
    launch: launchSchema,
    /** The values of `secretNames`. */
    secrets: z.record(z.string().max(1024), z.string()).default({}),
  }),
  z.strictObject({ method: z.literal("start"), slot: slotSchema }),
  z.strictObject({ method: z.literal("switch"), scope: scopeSchema, colour: colourSchema.nullable() }),
  z.strictObject({ method: z.literal("remove"), slot: slotSchema }),
  z.strictObject({ method: z.literal("stop") }),
]);

/** See {@link requestSchema}. */
export type SupervisorRequest = z.infer<typeof requestSchema>;

/** What is reported about one colour. Variables are left out on purpose. */
const instanceStatusSchema = z.strictObject({
  colour: colourSchema,
  release: z.string(),
  version: z.string(),
  state: z.enum(["prepared", "running", "backing-off", "exited"]),
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
  active: colourSchema.nullable(),
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

/** How the supervisor answers. */
export const responseSchema = z.discriminatedUnion("ok", [
  z.strictObject({ ok: z.literal(true), result: z.unknown() }),
  z.strictObject({
    ok: z.literal(false),
    code: z.enum(["target.refused", "target.port", "target.start", "internal.bug"]),
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
      active: colourSchema.nullable(),
      colours: z.array(
        z.strictObject({
          launch: launchSchema,
          port: z.int().min(1).max(65_535),
          /** Whether it had the traffic at some time, and is therefore started again after a crash. */
          routed: z.boolean(),
          process: processIdentitySchema.nullable(),
        }),
      ),
    }),
  ),
});

/** See {@link desiredStateSchema}. */
export type DesiredState = z.infer<typeof desiredStateSchema>;
