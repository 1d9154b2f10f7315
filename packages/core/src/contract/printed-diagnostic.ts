import { z } from "zod";

/** A place as commands print it. */
export const whereShape = z
  .strictObject({
    file: z.string().optional(),
    line: z.int().min(1).optional(),
    column: z.int().min(1).optional(),
    path: z.string().optional().describe("configuration path"),
  })
  .describe("a place; what is not known is left out");

/** A finding as commands print it. */
export const diagnosticShape = z.strictObject({
  code: z.string().describe("see docs/errors.md"),
  severity: z.enum(["error", "warning", "info"]),
  message: z.string(),
  hint: z.string().optional(),
  where: whereShape,
  related: z.array(whereShape).optional().describe("further places that take part"),
  environment: z.string().optional(),
  tenant: z.string().optional(),
});
