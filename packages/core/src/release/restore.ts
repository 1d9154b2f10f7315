import { LotseError } from "../kernel/index.ts";
import type { Colour, TenantScope } from "./names.ts";
import type { Target, TargetState } from "./target.ts";
import { allTo } from "./weights.ts";

interface Groups {
  /** Hosts on which the release can take requests at once. */
  readonly up: readonly string[];
  /** Hosts on which it must be started first. */
  readonly down: readonly string[];
  /** Hosts on which it is not, and never was. */
  readonly out: readonly string[];
}

/**
 * Gives all requests back to a colour, or to nobody. It asks the target where they go rather than guess from the
 * last step, for that step's answer may have been lost. Hosts on which the colour runs are first, so that starting
 * it on others costs no time.
 *
 * @returns a note for people
 * @throws LotseError `target.host` naming hosts that do not answer, when the others are done; what the target throws
 */
export async function restore(
  target: Target,
  scope: TenantScope,
  previous: Colour | null,
): Promise<string | undefined> {
  const state = await target.inspect(scope);
  const lost = target.hosts.filter((host) => Object.hasOwn(state.unreachable, host));
  const reached = target.hosts.filter((host) => !lost.includes(host));
  const { up, down, out } = groupsOf(state, reached, previous);
  const some = (hosts: readonly string[]): { hosts?: readonly string[] } =>
    hosts.length === target.hosts.length ? {} : { hosts };
  if (previous !== null && up.length > 0) await target.route(scope, allTo(previous), some(up));
  if (out.length > 0) await target.route(scope, allTo(null), some(out));
  if (previous !== null && down.length > 0) {
    const slot = { ...scope, colour: previous };
    await target.start(slot, some(down));
    await target.waitHealthy(slot, some(down));
    await target.route(scope, allTo(previous), some(down));
  }
  if (lost.length > 0) {
    throw new LotseError({
      code: "target.host",
      message: `${lost.join(", ")} cannot be reached, and may still send requests to the new release`,
      hint: "bring the host back and deploy again",
    });
  }
  return up.length + down.length + out.length === 0 ? "the traffic had not moved" : undefined;
}

function groupsOf(state: TargetState, hosts: readonly string[], previous: Colour | null): Groups {
  const groups = { up: [] as string[], down: [] as string[], out: [] as string[] };
  for (const host of hosts) {
    const weights = state.traffic[host] ?? allTo(null);
    const found = state.colours.find((colour) => colour.host === host && colour.colour === previous);
    if (previous === null || found === undefined) {
      if (weights.blue + weights.green > 0) groups.out.push(host);
    } else if (found.state === "running" || found.state === "backing-off") {
      if (weights[previous] < 100) groups.up.push(host);
    } else groups.down.push(host);
  }
  return groups;
}
