import type { Strategy, StrategyInput } from "./strategy.ts";
import { Steps } from "./steps.ts";

/**
 * Hosts are replaced batch by batch. With `max-unavailable: 0` the new release comes up beside the old one before
 * a host's traffic moves; otherwise at most so many hosts are taken out at a time, and the old release is ended
 * there first.
 */
export const rolling: Strategy = (input) => {
  const steps = new Steps(input);
  const { from, definition } = input;
  const batches = batchesOf(input);
  return batches.flatMap((batch, at) => {
    const some = batches.length === 1 ? {} : { hosts: [...batch] };
    const outFirst = from !== null && definition["max-unavailable"] > 0;
    const up = steps.bringUp(some);
    const [prepare, rest] = up[0]?.name === "prepare" ? [up.slice(0, 1), up.slice(1)] : [[], up];
    return [
      ...prepare,
      ...(outFirst ? steps.takeOut(from, some) : []),
      ...rest,
      steps.switchAll(some),
      steps.act("verify", some),
      ...(at + 1 < batches.length ? definition.steps.flatMap((stage) => steps.stage(stage)) : []),
    ];
  });
};

/** The hosts in groups of the batch's size, which is never more than may be unavailable. */
function batchesOf({ definition, hosts }: StrategyInput): readonly (readonly string[])[] {
  const { batch, "max-unavailable": out } = definition;
  const wanted =
    typeof batch === "number" ? batch : Math.ceil((hosts.length * Number.parseInt(batch, 10)) / 100);
  const size = Math.max(1, out === 0 ? wanted : Math.min(wanted, out));
  return Array.from({ length: Math.ceil(hosts.length / size) }, (_, at) =>
    hosts.slice(at * size, (at + 1) * size),
  );
}
