import { z } from "zod";

const hourMs = 3_600_000;
const milliseconds = (max: number) => z.int().min(1).max(max);

const urlPath = z
  .string()
  .max(2048)
  .regex(/^\/[\x21-\x7e]*$/u, "must begin with / and hold no spaces");

/** How a release is asked whether it is healthy; a target takes those that it can ask. */
export type HealthKind = "http" | "tcp" | "command" | "systemd";

const words: Readonly<Record<HealthKind, string>> = {
  http: "`http`: GET `path` answers 2xx",
  tcp: "`tcp`: its port takes connections",
  command: "`command`: `run` ends with exit status 0",
  systemd: "`systemd`: the unit is active",
};

/**
 * The schema of `health` in the description of a target. Times are milliseconds.
 *
 * @param kinds - those that the target can ask
 */
export function healthSchema(kinds: readonly [HealthKind, ...HealthKind[]]) {
  return z
    .strictObject({
      kind: z
        .enum(kinds)
        .default("http")
        .describe(kinds.map((kind) => words[kind]).join("; ")),
      path: urlPath.default("/health").describe("answers 2xx when the process can serve; for `http`"),
      run: z
        .array(z.string().min(1).max(4096))
        .min(1)
        .max(64)
        .optional()
        .describe("program and arguments, beside the process and with its variables; for `command`"),
      "interval-ms": milliseconds(hourMs).default(200).describe("between two tries"),
      "timeout-ms": milliseconds(hourMs).default(2000).describe("for one try"),
      successes: z.int().min(1).max(1000).default(2).describe("in a row, to count as healthy"),
      "deadline-ms": milliseconds(24 * hourMs)
        .default(15_000)
        .describe("to become healthy after the start"),
    })
    .refine(({ kind, run }) => kind !== "command" || run !== undefined, {
      path: ["run"],
      error: "a health check by command needs the command",
    });
}

/** How a release is asked whether it is healthy, how often and how long; defaults filled in. */
export type HealthSpec = z.infer<ReturnType<typeof healthSchema>>;

/** The schema of `verify` in the description of a target. */
export const verifySchema = z.strictObject({
  "duration-ms": z.int().min(0).max(hourMs).default(500).describe("how long it is watched after the switch"),
});

/** The words by which a health check is told about. */
export function healthTitle({ kind, path, run }: HealthSpec): string {
  switch (kind) {
    case "http":
      return `GET ${path}`;
    case "tcp":
      return "its port";
    case "command":
      return run?.[0] ?? "the command";
    case "systemd":
      return "its unit";
    default:
      return kind satisfies never;
  }
}
