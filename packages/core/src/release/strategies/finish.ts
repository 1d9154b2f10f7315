import type { PlanStep } from "../step.ts";
import { durationMs } from "./duration.ts";
import { oldOf } from "./definition.ts";
import type { StrategyInput } from "./strategy.ts";
import { Steps } from "./steps.ts";

/**
 * What comes when the new release has all traffic: the watch, in which a failed gate or process still goes back,
 * and then what becomes of the old release. Failures of the latter undo nothing that works.
 */
export function finish(input: StrategyInput): readonly PlanStep[] {
  return [...watch(input), ...putAway(input)];
}

function watch(input: StrategyInput): readonly PlanStep[] {
  const { watch: wanted } = input.definition;
  if (wanted === undefined) return [];
  const steps = new Steps(input);
  const everyMs = durationMs(wanted.every);
  const totalMs = durationMs(wanted.for);
  return Array.from({ length: Math.ceil(totalMs / everyMs) }, (_, at): readonly PlanStep[] => [
    { kind: "pause", name: "watch", durationMs: Math.min(everyMs, totalMs - at * everyMs) },
    steps.act("verify", { name: "watch.verify" }),
    ...wanted.gates.map((gate) => ({ ...steps.gate(gate), name: `watch.gate.${gate}` })),
  ]).flat();
}

function putAway(input: StrategyInput): readonly PlanStep[] {
  const { from, definition } = input;
  const old = oldOf(definition);
  if (from === null || old === "warm") return [];
  const steps = new Steps(input);
  const isOut =
    definition.strategy === "recreate" ||
    (definition.strategy === "rolling" && definition["max-unavailable"] > 0);
  const after = { colour: from, onFailure: "continue" } as const;
  return [
    ...(isOut ? [] : [steps.act("drain", { ...after, name: "drain-old" })]),
    ...(isOut || old === "removed"
      ? []
      : [steps.act("stop", { ...after, name: "stop-old", abortable: false })]),
    ...(old === "removed" ? [steps.act("retire", { ...after, name: "retire-old", abortable: false })] : []),
  ];
}
