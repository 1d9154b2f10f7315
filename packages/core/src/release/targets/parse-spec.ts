import { z } from "zod";
import { LotseError } from "../../kernel/index.ts";

/**
 * Reads the description of a target against its schema.
 *
 * @throws LotseError `target.spec` naming the first thing that is wrong
 */
export function parseSpec<S extends z.ZodType>(schema: S, value: unknown): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = ["target", ...(issue?.path ?? [])].join(".");
  throw new LotseError({
    code: "target.spec",
    message: `${path}: ${issue?.message ?? "is not valid"}`,
    where: { path },
    cause: parsed.error,
  });
}

/** The keys that lead to what an error of a description is about; none where it says nothing of it. */
export function specPathOf({ cause, where }: LotseError): readonly string[] {
  if (cause instanceof z.ZodError) {
    const [issue] = cause.issues;
    const unknown = issue?.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
    return [...(issue?.path ?? []).map(String), ...unknown];
  }
  return where?.path?.split(".").slice(1) ?? [];
}
