import { isLotseError } from "../../../kernel/index.ts";
import type { Colour, Slot } from "../../names.ts";
import { allTo } from "../../weights.ts";
import { gather, type Gathered } from "./failures.ts";
import { hasTraffic, needShares, type Observation } from "./observe.ts";
import type { Remote } from "./remote.ts";
import { leftOut, type HostPlace, type HostSpec } from "./spec.ts";

/**
 * The hosts that the release in a colour was brought to, and that the description does not name any more. The
 * description that a slot was prepared by lies beside it on the hosts that stayed.
 */
function formerHosts(
  { hosts }: Pick<Observation, "hosts">,
  spec: HostSpec,
  colour: Colour,
): readonly HostPlace[] {
  const former = new Map<string, HostPlace>();
  for (const { slots } of hosts.done.values()) {
    const before = slots[colour]?.meta.spec;
    for (const host of before === undefined ? [] : leftOut(before, spec)) former.set(host.name, host);
  }
  return [...former.values()];
}

/**
 * Ends a colour on hosts that the description does not name any more, so that an old release does not run there
 * for ever. One that still gets requests is left alone, and so is one that does not answer: it may be gone.
 *
 * @returns what happened on them; those that do not answer are not among them
 */
export async function endFormer(
  { remote, spec }: { readonly remote: Remote; readonly spec: HostSpec },
  observation: Observation,
  slot: Slot,
  operation: "stop" | "retire",
  signal?: AbortSignal,
): Promise<Gathered<unknown>> {
  const former = formerHosts(observation, spec, slot.colour).filter(
    ({ name }) => !hasTraffic(observation, name, slot.colour),
  );
  const shares = needShares(observation);
  const { done, failed } = await gather(former, async (host) => {
    // It was not told when the balancers left it out.
    const { blue, green } = shares[host.name] ?? allTo(null);
    await remote.act(host, "weights", slot, [String(blue), String(green)], { signal });
    const extraMs = spec["drain-timeout-ms"];
    await remote.act(host, operation, slot, [slot.colour], { signal, session: "long", extraMs });
  });
  // What answered, and could not end it, will not be able to by itself.
  const isGone = (error: unknown): boolean =>
    isLotseError(error) && error.code === "target.host" && error.retryable;
  return { done, failed: new Map([...failed].filter(([, error]) => !isGone(error))) };
}
