import type { Colour } from "../names.ts";
import type { PlanStep } from "../step.ts";
import type { StrategyDefinition } from "./definition.ts";

/** What a strategy puts steps together for. */
export interface StrategyInput {
  readonly definition: StrategyDefinition;
  /** The id of the new release. */
  readonly release: string;
  /** The colour of the stable release; null where nothing runs yet. */
  readonly from: Colour | null;
  readonly to: Colour;
  /** Every host of the target, in order. */
  readonly hosts: readonly string[];
  /** The hosts on which the stable release can take requests now. */
  readonly served: readonly string[];
  /** Whether the new release is in its colour already, and runs there or was stopped. */
  readonly present: "no" | "stopped" | "running";
}

/**
 * A way to replace one release by another. Pure: it puts steps in order and nothing else. The steps end when the
 * new release has all traffic and has proved itself; what becomes of the old one follows.
 */
export type Strategy = (input: StrategyInput) => readonly PlanStep[];
