import type { Strategy } from "./strategy.ts";
import { Steps } from "./steps.ts";

/**
 * The new release gets a growing share of the requests. Where no stable release takes requests there is nothing to
 * share them with: the first weight gives it all of them, and pauses are left out.
 */
export const canary: Strategy = (input) => {
  const steps = new Steps(input);
  const { steps: stages } = input.definition;
  const alone = input.served.length === 0;
  const first = stages.findIndex((stage) => "weight" in stage);
  const middle = stages.flatMap((stage, at) => {
    if (!alone) return steps.stage(stage);
    if ("weight" in stage) return at === first ? [steps.switchAll()] : [];
    return "pause" in stage ? [] : steps.stage(stage);
  });
  const switched = middle.some((step) => step.name === "switch");
  return [...steps.bringUp(), ...middle, ...(switched ? [] : [steps.switchAll()]), steps.act("verify")];
};
