import { LotseError } from "../../../kernel/index.ts";
import { colours, type Colour, type TenantScope } from "../../names.ts";
import type { Sticky, Weights } from "../../step.ts";
import { allTo } from "../../weights.ts";
import { gather, throwFailed } from "./failures.ts";
import { formatBalancerFile, type ServerPlace } from "./haproxy.ts";
import { needShares, type Observation } from "./observe.ts";
import type { Remote } from "./remote.ts";
import { balancersOf, internalOf, type HostSpec } from "./spec.ts";

/** Where a tenant's traffic is shared out. */
export interface Balancing {
  readonly remote: Remote;
  readonly spec: HostSpec;
  readonly scope: TenantScope;
  readonly signal?: AbortSignal | undefined;
}

/** The servers of all hosts whose ports are known, with the shares that they have, or shall have. */
function serversOf(
  spec: HostSpec,
  ports: ReadonlyMap<string, Readonly<Record<Colour, number>>>,
  shares: Readonly<Record<string, Weights>>,
): ServerPlace[] {
  return spec.hosts.flatMap((host) => {
    const own = ports.get(host.name);
    if (own === undefined) return [];
    const weights = shares[host.name] ?? allTo(null);
    return [{ host: host.name, address: internalOf(host), ports: own, weights }];
  });
}

/**
 * The ports of services: as hosts tell them, or for hosts that do not answer as a balancer's file has them, so
 * that a host that is away does not take its servers away.
 */
function portsOf({ hosts, balancers }: Observation): Map<string, Readonly<Record<Colour, number>>> {
  const ports = new Map<string, Readonly<Record<Colour, number>>>();
  for (const { ports: told } of balancers.done.values()) {
    for (const [host, own] of Object.entries(told)) ports.set(host, own);
  }
  for (const [host, { ports: own }] of hosts.done) if (own !== null) ports.set(host, own);
  return ports;
}

/** The port that balancers listen on for the tenant; the first one asked chooses, the others take it as well. */
async function listenPort(
  { remote, spec, scope, signal }: Balancing,
  observation: Observation,
): Promise<number> {
  const known = [...observation.balancers.done.values()].find(({ port }) => port !== null)?.port;
  if (known !== undefined && known !== null) return known;
  const { first, last } = spec.balancer.listen.ports;
  let chosen: string | undefined;
  for (const host of balancersOf(spec)) {
    if (!observation.balancers.done.has(host.name)) continue;
    const words = [String(first), String(last), ...(chosen === undefined ? [] : [chosen])];
    chosen = (await remote.act(host, "take-listen", scope, words, { signal })).trim();
  }
  return Number(chosen);
}

/**
 * Brings all balancers in line with the shares. Each writes its file first, which is the commit point, and then
 * tells the running HAProxy.
 *
 * @param shares - of all hosts; a host that is missing gets nothing
 * @throws LotseError `target.balancer` naming those that failed; the others did it
 */
export async function balance(
  balancing: Balancing,
  observation: Observation,
  shares: Readonly<Record<string, Weights>>,
  sticky?: Sticky,
): Promise<void> {
  const { remote, scope, signal } = balancing;
  const chosen = sticky ?? stickyOf(observation) ?? balancing.spec.balancer.sticky;
  const spec = { ...balancing.spec, balancer: { ...balancing.spec.balancer, sticky: chosen } };
  const port = await listenPort(balancing, observation);
  const servers = serversOf(spec, portsOf(observation), shares);
  const bytes = formatBalancerFile({ scope, spec, port, servers });
  const { directory, socket, config, service } = spec.balancer;
  const words = [directory, socket, config, service];
  const options = { input: { bytes }, signal, failure: "target.balancer" } as const;
  const result = await gather(balancersOf(spec), (host) => remote.act(host, "lb-put", scope, words, options));
  throwFailed(result, signal, "target.balancer");
}

function stickyOf({ balancers }: Observation): Sticky | undefined {
  return [...balancers.done.values()].find(({ sticky }) => sticky !== null)?.sticky ?? undefined;
}

/**
 * Makes the tenant's place on all balancers. Hosts that the description leaves out lose their shares; the others
 * keep theirs.
 *
 * @throws LotseError `target.refused` when nobody would have the traffic then; `target.balancer`
 */
export async function makePlace(balancing: Balancing, observation: Observation): Promise<void> {
  const shares = needShares(observation);
  const serving = Object.entries(shares).flatMap(([host, { blue, green }]) =>
    blue + green > 0 ? [host] : [],
  );
  const named = new Set(balancing.spec.hosts.map(({ name }) => name));
  if (serving.length > 0 && !serving.some((host) => named.has(host))) {
    throw new LotseError({
      code: "target.refused",
      message: `${serving.join(", ")} has all the traffic, and the target names no such host any more`,
      hint: "name the new hosts beside the old ones, deploy, and leave the old ones out after that",
    });
  }
  await balance(balancing, observation, shares);
}

/** Whether all balancers that answer know both servers of each host whose ports are known, and none is damaged. */
export function hasPlace(observation: Observation): boolean {
  const ports = portsOf(observation);
  return [...observation.balancers.done.values()].every(
    ({ port, ports: known, damaged, running }) =>
      port !== null &&
      !damaged &&
      running &&
      [...ports].every(([host, own]) => colours.every((colour) => known[host]?.[colour] === own[colour])),
  );
}

/**
 * The shares that a change leads to. A host that does not answer gets nothing: what it would run is not known.
 *
 * @param chosen - the names of the hosts that change
 * @throws LotseError `target.refused` when a colour would get more requests on a host where it does not run
 */
export function changedShares(
  observation: Observation,
  chosen: readonly string[],
  weights: Weights,
  runs: (host: string, colour: Colour) => boolean,
): Readonly<Record<string, Weights>> {
  const shares: Record<string, Weights> = { ...needShares(observation) };
  for (const host of chosen) {
    if (!observation.hosts.done.has(host)) {
      shares[host] = allTo(null);
      continue;
    }
    const before = shares[host] ?? allTo(null);
    const missing = colours.find((colour) => weights[colour] > before[colour] && !runs(host, colour));
    if (missing !== undefined) {
      throw new LotseError({ code: "target.refused", message: `${host}: ${missing} does not run there` });
    }
    shares[host] = weights;
  }
  return shares;
}
