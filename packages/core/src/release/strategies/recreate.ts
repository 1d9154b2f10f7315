import type { Strategy } from "./strategy.ts";
import { Steps } from "./steps.ts";

/** The old release is ended before the new one starts, for apps of which two must never run; nobody answers between. */
export const recreate: Strategy = (input) => {
  const steps = new Steps(input);
  const { from, definition, present } = input;
  const up = steps.bringUp();
  const prepared = present === "no" ? 1 : 0;
  return [
    ...up.slice(0, prepared),
    ...definition.steps.flatMap((stage) => steps.stage(stage)),
    ...(from === null ? [] : steps.takeOut(from)),
    ...up.slice(prepared),
    steps.switchAll(),
    steps.act("verify"),
  ];
};
