import type { PlannedStep, Strategy } from "./strategy.ts";

/**
 * Starts the new colour beside the old one, moves all traffic at once when it is healthy, watches it, and
 * only then drains and retires the old one. Until the switch the old colour keeps all traffic.
 */
export const blueGreen: Strategy = ({ from, to }) => {
  const enter: readonly PlannedStep[] = [
    { name: "prepare", colour: to },
    { name: "start", colour: to },
    { name: "wait-healthy", colour: to },
    { name: "switch", colour: to },
    { name: "verify", colour: to },
  ];
  if (from === undefined) return enter;
  return [...enter, { name: "drain", colour: from }, { name: "retire", colour: from }];
};
