import { z } from "zod";

/** How values of two layers become one; see docs/configuration.md. */
export const strategies = [
  "replace",
  "deep",
  "append",
  "prepend",
  "union",
  "byKey",
  "first",
  "error",
] as const;

/** A merge strategy, as `x-merge` names it. */
export type Strategy = (typeof strategies)[number];

/** `x-guard`: bounds on a value, also against the layer below. */
export const guardSchema = z.strictObject({
  min: z.number().optional(),
  max: z.number().optional(),
  enum: z
    .array(z.union([z.string(), z.number(), z.boolean(), z.null()]))
    .min(1)
    .optional(),
  "only-raise": z.boolean().optional(),
  "only-lower": z.boolean().optional(),
});

/** The content of `x-guard`. */
export type Guard = z.infer<typeof guardSchema>;

const annotations = z.object({
  "x-merge": z.enum(strategies).optional(),
  "x-merge-key": z.string().min(1).optional(),
  "x-final": z.boolean().optional(),
  "x-overridable-by": z.array(z.string().min(1)).optional(),
  "x-guard": guardSchema.optional(),
  "x-env": z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/u)
    .optional(),
  "x-secret": z.boolean().optional(),
});

/** The keywords that Lotse adds to JSON Schema. */
export const ownKeywords: readonly string[] = Object.keys(annotations.shape);

/** Lotse's keywords in one subschema. */
export type Annotations = z.infer<typeof annotations>;

/** Lotse's keywords of one subschema; `undefined` where one of them is wrong. */
export function readAnnotations(schema: object): Annotations | undefined {
  return annotations.safeParse(schema).data;
}

/** What is wrong with Lotse's keywords in one subschema; `undefined` where nothing is. */
export function annotationProblem(
  schema: object,
): { readonly keyword: string; readonly problem: string } | undefined {
  const issue = annotations.safeParse(schema).error?.issues[0];
  return issue === undefined ? undefined : { keyword: String(issue.path[0] ?? ""), problem: issue.message };
}
