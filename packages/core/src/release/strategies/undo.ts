import type { ActStep } from "../step.ts";
import type { StrategyInput } from "./strategy.ts";
import { Steps } from "./steps.ts";

/**
 * What undoes a rollout, wherever it broke off: the stable release gets all traffic (nobody does, if there was
 * none), the new one finishes what it is at, and goes.
 */
export function undoSteps(input: StrategyInput): readonly ActStep[] {
  const steps = new Steps(input);
  return [
    steps.act("restore", { abortable: false }),
    steps.act("drain", { name: "drain-new", onFailure: "continue", abortable: false }),
    steps.act("discard", { abortable: false }),
  ];
}
