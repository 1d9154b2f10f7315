import { z } from "zod";
import { gateSpecSchema } from "../gates/spec.ts";
import { stickySchema } from "../step.ts";
import { durationMs, durationSchema } from "./duration.ts";

/** How often a gate is asked in a watch at most. */
const maxRounds = 1000;

/** The name of a gate, an approval or a hook: it becomes part of the names of steps. */
export const partNameSchema = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,31}$/u,
    "lower-case letters, digits and dashes, at most 32, beginning with a letter",
  );

const stageSchema = z.union([
  z.strictObject({ weight: z.int().min(1).max(100).describe("percent of new requests to the new release") }),
  z.strictObject({ pause: durationSchema }),
  z.strictObject({ gate: partNameSchema.describe("the name of one of `gates`") }),
  z.strictObject({ approval: partNameSchema.describe("waits until somebody approves") }),
]);

/** One of `steps` in a strategy file. */
export type Stage = z.infer<typeof stageSchema>;

const shape = {
  strategy: z.enum(["blue-green", "canary", "rolling", "recreate"]),
  steps: z
    .array(stageSchema)
    .max(200)
    .default([])
    .describe(
      "canary: how the weight grows; rolling: what comes between two batches; else: what comes before the switch",
    ),
  sticky: stickySchema.default("none").describe("canary: whether clients stay with the release they got"),
  batch: z
    .union([
      z.int().min(1).max(1000),
      z.string().regex(/^(?:[1-9]\d?|100)%$/u, "write it as a number or as 25%"),
    ])
    .default(1)
    .describe("rolling: hosts at a time, or a share of them, rounded up"),
  "max-unavailable": z
    .int()
    .min(0)
    .max(1000)
    .default(0)
    .describe(
      "rolling: 0 starts the new release beside the old one; else so many hosts are taken out at a time",
    ),
  watch: z
    .strictObject({
      for: durationSchema.describe("how long after the switch it goes back by itself"),
      every: durationSchema.default("10s"),
      gates: z.array(partNameSchema).max(20).default([]),
    })
    .optional(),
  gates: z.record(partNameSchema, gateSpecSchema).default({}),
  old: z
    .enum(["warm", "stopped", "removed"])
    .optional()
    .describe(
      "what becomes of the release before: keeps running, is ended, or goes; warm by default where it can",
    ),
};

type Content = z.infer<z.ZodObject<typeof shape>>;

function check(content: Content, add: (path: readonly (string | number)[], message: string) => void): void {
  let weight = 0;
  for (const [at, stage] of content.steps.entries()) {
    if ("gate" in stage && !Object.hasOwn(content.gates, stage.gate)) {
      add(["steps", at, "gate"], `there is no gate ${stage.gate} in gates`);
    }
    if (!("weight" in stage)) continue;
    if (content.strategy !== "canary") add(["steps", at, "weight"], "only a canary has weights");
    if (stage.weight <= weight) add(["steps", at, "weight"], "must be more than the weight before");
    ({ weight } = stage);
  }
  for (const [at, gate] of (content.watch?.gates ?? []).entries()) {
    if (!Object.hasOwn(content.gates, gate)) add(["watch", "gates", at], `there is no gate ${gate} in gates`);
  }
  const { watch } = content;
  if (watch !== undefined) {
    const everyMs = durationMs(watch.every);
    if (everyMs <= 0) add(["watch", "every"], "must be more than nothing");
    else if (durationMs(watch.for) / everyMs > maxRounds)
      add(["watch", "every"], "is too short for so long a watch");
  }
  const stops = content.strategy === "recreate" || content["max-unavailable"] > 0;
  if (content.old === "warm" && stops) add(["old"], "cannot be warm where the old release is ended first");
}

const refined = <T extends z.ZodType<Content>>(schema: T): T =>
  schema.superRefine((content, context) => {
    check(content, (path, message) => {
      context.addIssue({ code: "custom", path: [...path], message });
    });
  });

/** The schema of a strategy file, `strategies/NAME.yml`. */
export const strategyFileSchema = refined(z.strictObject(shape));

/** The schema of {@link StrategyDefinition}. */
export const strategyDefinitionSchema = refined(
  z.strictObject({ name: z.string().min(1).max(64), ...shape }),
);

/** A strategy with its name and everything that its file says; durations as they are written. */
export type StrategyDefinition = z.infer<typeof strategyDefinitionSchema>;

/** What becomes of the release before. */
export function oldOf({ old, strategy, ...content }: StrategyDefinition): "warm" | "stopped" | "removed" {
  if (old !== undefined) return old;
  return strategy === "recreate" || content["max-unavailable"] > 0 || strategy === "rolling"
    ? "stopped"
    : "warm";
}
