import { z } from "zod";

const moment = z.iso.datetime({ offset: true }).or(z.iso.date());
const patterns = z.array(z.string().min(1).max(63)).min(1).max(1000);
const text = z.string().min(1).max(500);
const minutes = z.number().min(0).max(1_000_000);

const common = {
  at: moment.describe("when it happened, ISO 8601"),
  scope: z
    .strictObject({ environments: patterns.default(["*"]), tenants: patterns.default(["*"]) })
    .default({ environments: ["*"], tenants: ["*"] })
    .describe("where it counts: names or patterns"),
  by: text.optional().describe("who did it"),
  note: z.string().max(2000).optional(),
};

/** The schema of `policy/records/*.json` and `*.yml`: one thing that was done, and how it came out. */
export const recordFile = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("restore-drill"),
    ...common,
    result: z.strictObject({
      success: z.boolean(),
      "recovery-time-minutes": minutes.describe("until the service was back"),
      "recovery-point-minutes": minutes.describe("of data lost"),
    }),
  }),
  z.strictObject({
    kind: z.literal("alert-test"),
    ...common,
    result: z.strictObject({
      severity: z.enum(["critical", "warning", "info"]),
      delivered: z.boolean(),
      channel: text.optional(),
    }),
  }),
  z.strictObject({
    kind: z.literal("access-review"),
    ...common,
    result: z.strictObject({ accounts: z.int().min(0), removed: z.int().min(0) }),
  }),
  z.strictObject({
    kind: z.literal("key-rotation"),
    ...common,
    result: z.strictObject({ key: text.describe("the name of the key, or a pattern") }),
  }),
  z.strictObject({
    kind: z.literal("purge"),
    ...common,
    result: z.strictObject({
      removed: z.int().min(0).describe("records removed"),
      "oldest-days": z.int().min(0).describe("age of the oldest that was left"),
    }),
  }),
  z.strictObject({
    kind: z.literal("certificates"),
    ...common,
    result: z.strictObject({
      certificates: z
        .array(z.strictObject({ name: text, "not-after": moment.describe("until when it is valid") }))
        .max(10_000),
    }),
  }),
]);

/** One record. */
export type PolicyRecord = z.infer<typeof recordFile>;
