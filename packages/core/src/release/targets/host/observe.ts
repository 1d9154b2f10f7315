import { isLotseError, LotseError } from "../../../kernel/index.ts";
import { colours, type Colour, type TenantScope } from "../../names.ts";
import type { Weights } from "../../step.ts";
import type { ColourState, TargetState } from "../../target.ts";
import { activeOf, sameWeights } from "../../weights.ts";
import { gather, type Gathered } from "./failures.ts";
import { parseBalancerState, type BalancerState } from "./haproxy.ts";
import { parseHostState, stateOf, type HostState } from "./host-state.ts";
import type { Remote } from "./remote.ts";
import { balancersOf, internalOf, leftOut, loginOf, type HostPlace, type HostSpec } from "./spec.ts";

/** What hosts and balancers say about a tenant at one moment. */
export interface Observation {
  readonly hosts: Gathered<HostState>;
  readonly balancers: Gathered<BalancerState>;
}

/** Asks a host what it knows of a tenant. @throws LotseError `target.host` */
export async function askHost(
  remote: Remote,
  host: HostPlace,
  { environment, tenant }: TenantScope,
  signal?: AbortSignal,
): Promise<HostState> {
  return parseHostState(host.name, await remote.ask(host, "state", [environment, tenant], { signal }));
}

/** Asks all hosts and balancers at once; those that do not answer are among the failed. */
export async function observe(
  remote: Remote,
  spec: HostSpec,
  scope: TenantScope,
  signal?: AbortSignal,
): Promise<Observation> {
  const places = { hosts: spec.hosts, balancers: balancersOf(spec) };
  const logins = new Set(places.balancers.map(loginOf));
  const both = new Set(places.hosts.map(loginOf).filter((login) => logins.has(login)));
  const looks = new Map<string, Promise<Look>>();
  const look = (host: HostPlace): Promise<Look> | null => {
    const login = loginOf(host);
    if (!both.has(login)) return null;
    const asked = looks.get(login) ?? askBoth(remote, spec, host, scope, signal);
    looks.set(login, asked);
    return asked;
  };
  const [hosts, balancers] = await Promise.all([
    gather(places.hosts, async (host) => {
      const told = await look(host);
      return told === null ? askHost(remote, host, scope, signal) : parseHostState(host.name, told.host);
    }),
    gather(places.balancers, async (host) => {
      const told = await look(host);
      return told === null
        ? askBalancer(remote, spec, host, scope, signal)
        : parseBalancerState(told.balancer);
    }),
  ]);
  signal?.throwIfAborted();
  return { hosts, balancers };
}

/** What `look` answers: what `state` would, and what `lb-state` would. */
interface Look {
  readonly host: string;
  readonly balancer: string;
}

async function askBoth(
  remote: Remote,
  spec: HostSpec,
  host: HostPlace,
  scope: TenantScope,
  signal?: AbortSignal,
): Promise<Look> {
  const told = await remote.ask(host, "look", balancerWords(spec, scope), { signal });
  const end = /^end\n/mu.exec(told);
  const at = end === null ? told.length : end.index + end[0].length;
  return { host: told.slice(0, at), balancer: told.slice(at) };
}

/** Asks the balancers alone. */
export async function observeBalancers(
  remote: Remote,
  spec: HostSpec,
  scope: TenantScope,
  signal?: AbortSignal,
): Promise<Gathered<BalancerState>> {
  return gather(balancersOf(spec), (host) => askBalancer(remote, spec, host, scope, signal));
}

async function askBalancer(
  remote: Remote,
  spec: HostSpec,
  host: HostPlace,
  scope: TenantScope,
  signal?: AbortSignal,
): Promise<BalancerState> {
  return parseBalancerState(await remote.ask(host, "lb-state", balancerWords(spec, scope), { signal }));
}

/** What both operations about a balancer are told. */
function balancerWords({ balancer }: HostSpec, { environment, tenant }: TenantScope): readonly string[] {
  return [environment, tenant, balancer.directory, balancer.socket, balancer["master-socket"]];
}

/**
 * The shares of each host: as a whole file of a balancer tells them, else as a running one has them, else as the
 * hosts remember them. Never a default.
 *
 * @returns null where nobody knows: files were damaged and nothing else tells
 */
export function sharesOf({ hosts, balancers }: Observation): Readonly<Record<string, Weights>> | null {
  const known = [...balancers.done.values()];
  const whole =
    known.find(({ shares, port }) => shares !== null && port !== null) ??
    known.find(({ shares }) => shares !== null);
  if (whole?.shares !== undefined && whole.shares !== null) return whole.shares;
  const remembered: Record<string, Weights> = {};
  for (const [name, { weights }] of hosts.done) if (weights !== null) remembered[name] = weights;
  if (Object.keys(remembered).length > 0) return remembered;
  const isDamaged = known.some(({ damaged }) => damaged);
  return isDamaged || (known.length === 0 && hosts.done.size === 0) ? null : {};
}

/**
 * Whether some balancer gives a colour of a host new requests.
 *
 * @throws LotseError `target.balancer` where nobody knows
 */
export function hasTraffic(observation: Observation, host: string, colour: Colour): boolean {
  const shares = needShares(observation);
  const told = [...observation.balancers.done.values()].flatMap(({ shares: each }) => each?.[host] ?? []);
  return [...told, ...(shares[host] === undefined ? [] : [shares[host]])].some(
    (weights) => weights[colour] > 0,
  );
}

/** {@link sharesOf}. @throws LotseError `target.balancer` where nobody knows, or no balancer answers */
export function needShares(observation: Observation): Readonly<Record<string, Weights>> {
  const { balancers } = observation;
  const shares = sharesOf(observation);
  if (shares !== null && balancers.done.size > 0) return shares;
  const [cause] = balancers.failed.values();
  throw new LotseError({
    code: "target.balancer",
    message: `nobody knows who has the traffic: ${isLotseError(cause) ? cause.message : "the balancer's file is damaged"}`,
    hint: "bring the balancer back, or deploy anew after removing its file of this tenant",
    retryable: true,
    cause,
  });
}

/** What a tenant runs, for the port. */
export function targetStateOf(observation: Observation, spec: HostSpec): TargetState {
  const { hosts, balancers } = observation;
  const traffic = sharesOf(observation) ?? {};
  const unreachable: Record<string, string> = {};
  for (const [name, reason] of [...balancers.failed, ...hosts.failed]) unreachable[name] = reasonOf(reason);
  const known = [...balancers.done.values()];
  const agree = known.every(({ shares }) =>
    Object.entries(shares ?? {}).every(([host, weights]) => sameWeights(weights, traffic[host] ?? weights)),
  );
  return {
    active: agree ? activeOf(traffic) : null,
    traffic,
    colours: spec.hosts.flatMap((host) => coloursOf(host, observation, spec)),
    unreachable,
    unrouted: known.reduce((sum, { unrouted }) => sum + unrouted, 0),
    url: urlOf(spec, balancers),
  };
}

function reasonOf(reason: unknown): string {
  if (isLotseError(reason)) return reason.message;
  throw reason;
}

function coloursOf(host: HostPlace, observation: Observation, spec: HostSpec): ColourState[] {
  const state = observation.hosts.done.get(host.name);
  return colours.flatMap((colour) => {
    const slot = state?.slots[colour];
    if (slot === undefined) return [];
    const former = leftOut(slot.meta.spec, spec).map(({ name }) => name);
    const counts = [...observation.balancers.done.values()].flatMap(({ counts: all }) =>
      all.filter((each) => each.host === host.name && each.colour === colour),
    );
    const sum = (of: (each: (typeof counts)[number]) => number): number =>
      counts.reduce((total, each) => total + of(each), 0);
    return [
      {
        colour,
        host: host.name,
        release: slot.meta.release,
        version: slot.meta.version,
        state: stateOf(slot),
        restarts: Number(slot.unit["NRestarts"] ?? 0),
        requests: sum(({ requests }) => requests),
        errors: sum(({ errors }) => errors),
        inFlight: sum(({ inFlight }) => inFlight),
        countedBy: [...observation.balancers.done.values()].map(({ countedBy }) => countedBy).join(" "),
        detail: {
          pid: Number(slot.unit["MainPID"] ?? 0) || null,
          port: state?.ports?.[colour] ?? null,
          directory: slot.meta.directory,
          // Hosts that were left out of the description since, where it may still run.
          ...(former.length === 0 ? {} : { formerHosts: former.join(" ") }),
        },
      },
    ];
  });
}

function urlOf(spec: HostSpec, balancers: Gathered<BalancerState>): string | null {
  for (const host of balancersOf(spec)) {
    const port = balancers.done.get(host.name)?.port ?? null;
    const address = internalOf(host);
    if (port !== null) return `http://${address.includes(":") ? `[${address}]` : address}:${port}`;
  }
  return null;
}
