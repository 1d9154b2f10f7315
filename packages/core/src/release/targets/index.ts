import { LotseError, type Clock } from "../../kernel/index.ts";
import type { Target } from "../target.ts";
import { ProcessTarget } from "./process/process-target.ts";
import { processSpecSchema } from "./process/spec.ts";

/** Opens a target for a workspace; `lotse` is the absolute path of its `.lotse`. */
type OpenTarget = (lotse: string, clock: Clock) => Target;

const targets: Readonly<Record<string, OpenTarget>> = {
  process: (lotse, clock) => new ProcessTarget(lotse, clock),
};

/** The schema of `target` in `lotse.yml`, for every kind of target there is. */
export const targetSpecSchema = processSpecSchema;

/**
 * Opens the target of a type.
 *
 * @param lotse - the absolute path of the workspace's `.lotse`
 * @throws LotseError `target.spec` for a type that is not known
 */
export function openTarget(type: string, lotse: string, clock: Clock): Target {
  const open = Object.hasOwn(targets, type) ? targets[type] : undefined;
  if (open !== undefined) return open(lotse, clock);
  throw new LotseError({
    code: "target.spec",
    message: `there is no target of type ${JSON.stringify(type.slice(0, 80))}`,
    hint: `known: ${Object.keys(targets).join(", ")}`,
    where: { path: "target.type" },
  });
}
