import type { Colour, TenantScope } from "./names.ts";
import type { Weights } from "./step.ts";
import type { Target } from "./target.ts";

/** What a gate judges. */
export interface GateContext extends TenantScope {
  readonly release: string;
  readonly version: string;
  /** The colour of the release that is judged. */
  readonly colour: Colour;
  readonly weights: Weights;
  readonly target: Target;
  readonly signal?: AbortSignal | undefined;
}

/** What a gate says. `no-data` is never a success: the step fails as for `fail`. */
export interface Verdict {
  readonly verdict: "pass" | "fail" | "no-data";
  /** One sentence with the figures it was decided by. */
  readonly reason: string;
}

/** The port to what decides whether a rollout goes on. */
export interface Gate {
  /** Judges over the time it needs. What it throws fails the step, like `no-data`. */
  judge(context: GateContext): Promise<Verdict>;
}
