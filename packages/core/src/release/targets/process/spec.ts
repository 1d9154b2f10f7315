import { z } from "zod";
import { parseSpec } from "../parse-spec.ts";
import { healthSchema, verifySchema } from "../../health/spec.ts";

const hour = 3_600_000;

/** The schema of a `process` target in `lotse.yml`. Times are milliseconds. */
export const processSpecSchema = z.strictObject({
  type: z.literal("process"),
  command: z
    .array(z.string().min(1).max(4096))
    .min(1)
    .max(64)
    .describe("program and arguments; no shell; `node` is the Node.js that runs Lotse"),
  port: z
    .int()
    .min(0)
    .max(65_535)
    .default(0)
    .describe("where the tenant is reached on 127.0.0.1; 0 chooses a free one and keeps it"),
  health: healthSchema(["http", "tcp", "command"]).prefault({}),
  verify: verifySchema.prefault({}),
  "drain-timeout-ms": z
    .int()
    .min(0)
    .max(hour)
    .default(30_000)
    .describe("for open requests to finish, and after SIGTERM until SIGKILL"),
});

/** How a process is run, checked and ended; as `lotse.yml` says with defaults filled in. */
export type ProcessSpec = z.infer<typeof processSpecSchema>;

/**
 * Reads the description of a process target.
 *
 * @throws LotseError `target.spec` naming the first thing that is wrong
 */
export function parseProcessSpec(value: unknown): ProcessSpec {
  return parseSpec(processSpecSchema, value);
}
