import { LotseError } from "../../kernel/index.ts";
import { strategyDefinitionSchema, type StrategyDefinition } from "./definition.ts";

/**
 * Reads a strategy out of a stored request.
 *
 * @throws LotseError `rollout.state` when it is not one
 */
export function parseStrategy(stored: unknown): StrategyDefinition {
  const parsed = strategyDefinitionSchema.safeParse(stored);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new LotseError({
    code: "rollout.state",
    message: `the strategy of the rollout is not usable: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`,
    cause: parsed.error,
  });
}
