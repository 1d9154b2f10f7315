import type { Strategy } from "./strategy.ts";
import { Steps } from "./steps.ts";

/** The new release starts beside the old one, in the other colour, and all traffic moves at once. */
export const blueGreen: Strategy = (input) => {
  const steps = new Steps(input);
  return [
    ...steps.bringUp(),
    ...input.definition.steps.flatMap((stage) => steps.stage(stage)),
    steps.switchAll(),
    steps.act("verify"),
  ];
};
