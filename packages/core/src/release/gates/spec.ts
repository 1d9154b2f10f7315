import { z } from "zod";
import { durationSchema } from "../strategies/duration.ts";

const command = z.array(z.string().min(1).max(4096)).min(1).max(64);

const requestsSchema = z.strictObject({
  kind: z.literal("requests"),
  "max-error-percent": z
    .number()
    .min(0)
    .max(100)
    .describe("of the requests that the new release got in the time; broken answers and those of 5xx"),
  "min-requests": z
    .int()
    .min(1)
    .max(1_000_000_000)
    .default(20)
    .describe("with fewer there is no data, and no data is no success"),
  for: durationSchema.default("30s").describe("how long it counts"),
});

const commandSchema = z.strictObject({
  kind: z.literal("command"),
  run: command.describe("program and arguments; no shell; exit status 0 lets the rollout go on"),
  on: z
    .enum(["target", "here"])
    .default("target")
    .describe("beside the new release, with its variables, or where the rollout is carried out"),
  timeout: durationSchema.default("60s"),
});

const httpSchema = z.strictObject({
  kind: z.literal("http"),
  url: z
    .string()
    .max(2048)
    .regex(/^(?:https?:\/\/|\/)[\x21-\x7e]*$/u, "must begin with http://, https:// or / and hold no spaces")
    .describe("must answer 2xx; one that begins with / is asked where the tenant is reached"),
  match: z.string().min(1).max(1000).optional().describe("a text that the answer must hold"),
  timeout: durationSchema.default("10s"),
});

/** The schema of a gate in a strategy file. Another kind is one more entry here and in `open-gate.ts`. */
export const gateSpecSchema = z.discriminatedUnion("kind", [requestsSchema, commandSchema, httpSchema]);

/** How a gate judges. */
export type GateSpec = z.infer<typeof gateSpecSchema>;

/** The gate that counts requests. */
export type RequestsSpec = z.infer<typeof requestsSchema>;

/** The gate that runs a command. */
export type CommandSpec = z.infer<typeof commandSchema>;

/** The gate that asks a URL. */
export type HttpSpec = z.infer<typeof httpSchema>;
