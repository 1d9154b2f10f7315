import { LotseError, type Clock, type Exec } from "../../kernel/index.ts";
import type { Target } from "../target.ts";
import { openHostTarget } from "./host/host-target.ts";
import { ProcessTarget } from "./process/process-target.ts";
import { parseProcessSpec } from "./process/spec.ts";

/** What targets are opened with. */
export interface TargetContext {
  /** The absolute path of the workspace's `.lotse`. */
  readonly lotse: string;
  readonly clock: Clock;
  readonly exec: Exec;
  /**
   * Whose fences effects carry, such as a database of rollouts: letters, digits, `._-`. Fences of different owners
   * cannot be compared.
   */
  readonly owner?: string | undefined;
}

/** The description of a target in a release; each type checks it by its own schema. */
export interface TargetSpec {
  readonly type: string;
}

type OpenTarget = (spec: TargetSpec, context: TargetContext) => Target;

const targets: Readonly<Record<string, OpenTarget>> = {
  process: (spec, { lotse, clock, owner }) => {
    parseProcessSpec(spec);
    return new ProcessTarget(lotse, clock, { owner });
  },
  host: (spec, { clock, owner }) => openHostTarget(spec, { clock, owner }),
};

/**
 * Opens the target that a release describes.
 *
 * @throws LotseError `target.spec` for a type that is not known, or a description that does not fit it
 */
export function openTarget(spec: TargetSpec, context: TargetContext): Target {
  const open = Object.hasOwn(targets, spec.type) ? targets[spec.type] : undefined;
  if (open !== undefined) return open(spec, context);
  throw new LotseError({
    code: "target.spec",
    message: `there is no target of type ${JSON.stringify(spec.type.slice(0, 80))}`,
    hint: `known: ${Object.keys(targets).join(", ")}`,
    where: { path: "target.type" },
  });
}
