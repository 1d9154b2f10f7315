import { randomUUID } from "node:crypto";
import { LotseError, systemClock, type Clock } from "../../../kernel/index.ts";
import { watchHealth, waitUntilHealthy } from "../../health/wait.ts";
import { checkScope, formatSlot, type Colour, type Slot, type TenantScope } from "../../names.ts";
import type { Sticky, Weights } from "../../step.ts";
import type { Drained, Fencing, On, Payload, Target, TargetState } from "../../target.ts";
import { balance, changedShares } from "./balancing.ts";
import { gather, throwFailed, together } from "./failures.ts";
import { endFormer } from "./former.ts";
import { healthTry, type HealthParts } from "./healthy.ts";
import { runHook } from "./hooks.ts";
import { stateOf, type HostState, type SlotMeta } from "./host-state.ts";
import { askHost, observe, observeBalancers, sharesOf, targetStateOf } from "./observe.ts";
import { guard, prepareHosts, type StepParts } from "./prepare.ts";
import { remoteProgram } from "./program.ts";
import { openRemote, type Remote } from "./remote.ts";
import { parseHostSpec, type HostPlace, type HostSpec } from "./spec.ts";
import { controlDirectory, openSsh, type Ssh } from "./ssh/ssh.ts";

/** What {@link openHostTarget} is given. */
export interface HostContext {
  /** @defaultValue the machine's clock */
  readonly clock?: Clock | undefined;
  /**
   * Whose fences these are, such as a database of rollouts: letters, digits, `._-`. Two owners never act on a
   * tenant at the same time. @defaultValue one that this target makes up
   */
  readonly owner?: string | undefined;
  /** @defaultValue the environment of this process */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Names that are never the same. @defaultValue random */
  readonly newKey?: (() => string) | undefined;
}

interface Opened extends StepParts {
  readonly ssh: Ssh;
}

/** What a target and its fenced forms share. */
export interface Shared {
  readonly spec: HostSpec;
  readonly clock: Clock;
  readonly owner: string;
  readonly newKey: () => string;
  readonly ssh: () => Promise<Ssh>;
}

const drainPollMs = 200;
const defaultHookTimeoutMs = 600_000;

/**
 * The target `host`: servers that the system's ssh reaches, systemd for the services, HAProxy for the traffic.
 * Everything about a tenant is kept on the hosts; this class only asks and tells them.
 */
export class HostTarget implements Target {
  readonly type = "host";
  readonly hosts: readonly string[];
  readonly #shared: Shared;
  readonly #fencing: Fencing | undefined;

  /** {@link openHostTarget} makes it. */
  constructor(shared: Shared, fencing?: Fencing) {
    this.#shared = shared;
    this.#fencing = fencing;
    this.hosts = shared.spec.hosts.map(({ name }) => name);
  }

  fenced(fencing: Fencing): Target {
    return new HostTarget(this.#shared, fencing);
  }

  async inspect(scope: TenantScope): Promise<TargetState> {
    const { remote, spec } = await this.#open();
    return targetStateOf(await observe(remote, spec, checkScope(scope)), spec);
  }

  async prepare(slot: Slot, payload: Payload, on: On = {}): Promise<void> {
    const chosen = this.#chosen(on);
    const key = this.#fencing?.key ?? this.#shared.newKey();
    await prepareHosts(await this.#open(), checkScope(slot), payload, chosen, { ...on, key });
  }

  async start(slot: Slot, { signal, ...on }: On = {}): Promise<void> {
    checkScope(slot);
    const { remote } = await this.#open();
    const options = { signal, failure: "target.start" } as const;
    const result = await gather(this.#chosen(on), (host) =>
      remote.act(host, "start", slot, [slot.colour], options),
    );
    throwFailed(result, signal);
  }

  async waitHealthy(slot: Slot, on: On = {}): Promise<void> {
    const { clock } = this.#shared;
    await this.#eachSlot(slot, on, async (parts, meta, now) => {
      const ask = healthTry(parts, meta.spec, now);
      const { signal } = parts;
      await waitUntilHealthy({ ask, health: meta.spec.health, clock, signal });
    });
  }

  async verify(slot: Slot, on: On = {}): Promise<void> {
    const { clock } = this.#shared;
    await this.#eachSlot(slot, on, async (parts, meta, now) => {
      const ask = healthTry(parts, meta.spec, now);
      const { signal } = parts;
      await watchHealth({ ask, health: meta.spec.health, clock, signal }, meta.spec.verify["duration-ms"]);
    });
  }

  async route(
    scope: TenantScope,
    weights: Weights,
    { signal, sticky, ...on }: On & { readonly sticky?: Sticky | undefined } = {},
  ): Promise<void> {
    const { remote, spec } = await this.#open();
    const observation = await observe(remote, spec, checkScope(scope), signal);
    const chosen = this.#chosen(on);
    const isKnown = Object.keys(sharesOf(observation) ?? { unknown: null }).length > 0;
    if (!isKnown && weights.blue + weights.green === 0) return;
    const runs = (host: string, colour: Colour): boolean => {
      const slot = observation.hosts.done.get(host)?.slots[colour];
      // What crashed and is being started again may take over: it may be the better of two.
      return slot !== undefined && ["running", "backing-off"].includes(stateOf(slot));
    };
    const names = chosen.map(({ name }) => name);
    const shares = changedShares(observation, names, weights, runs);
    await balance({ remote, spec, scope, signal }, observation, shares, sticky);
    const words = [String(weights.blue), String(weights.green)];
    const told = await gather(chosen, async (host) => {
      const unreachable = observation.hosts.failed.get(host.name);
      if (unreachable !== undefined) throw unreachable;
      await remote.act(host, "weights", scope, words, { signal });
    });
    throwFailed(told, signal);
  }

  async run(
    slot: Slot,
    command: readonly string[],
    { signal, timeoutMs = defaultHookTimeoutMs, ...on }: On & { readonly timeoutMs?: number } = {},
  ): Promise<string> {
    checkScope(slot);
    const { remote } = await this.#open();
    const key = this.#fencing?.key ?? this.#shared.newKey();
    const chosen = this.#chosen(on);
    const result = await gather(chosen, (host) =>
      runHook({ remote, host, slot, key, signal }, command, timeoutMs),
    );
    throwFailed(result, signal);
    const [only = ""] = result.done.values();
    return chosen.length === 1
      ? only
      : [...result.done].map(([host, words]) => `${host}: ${words}`).join("\n");
  }

  async drain(slot: Slot, { signal, ...on }: On = {}): Promise<Drained> {
    const { clock } = this.#shared;
    const opened = await this.#open();
    const { remote, spec } = opened;
    const chosen = this.#chosen(on);
    const { hosts, ...first } = await guard(opened, checkScope(slot), chosen, signal);
    const limits = [...hosts.done.values()].map(
      ({ slots }) => slots[slot.colour]?.meta.spec["drain-timeout-ms"],
    );
    const end = clock.elapsedMs() + Math.max(0, ...limits.map((limit) => limit ?? 0));
    for (let { balancers } = first; ; balancers = await observeBalancers(remote, spec, slot, signal)) {
      throwFailed(balancers, signal, "target.balancer");
      const remaining = [...balancers.done.values()]
        .flatMap(({ counts }) => counts)
        .filter(({ host, colour }) => colour === slot.colour && chosen.some(({ name }) => name === host))
        .reduce((sum, { inFlight }) => sum + inFlight, 0);
      if (remaining === 0 || clock.elapsedMs() >= end) return { remaining };
      await clock.sleep(drainPollMs, signal);
    }
  }

  async stop(slot: Slot, on: On = {}): Promise<void> {
    await this.#end("stop", slot, on);
  }

  async retire(slot: Slot, on: On = {}): Promise<void> {
    await this.#end("retire", slot, on);
  }

  async #end(operation: "stop" | "retire", slot: Slot, { signal, ...on }: On): Promise<void> {
    const opened = await this.#open();
    const chosen = this.#chosen(on);
    const observation = await guard(opened, checkScope(slot), chosen, signal);
    const { hosts } = observation;
    const result = await gather(chosen, async (host) => {
      const known = hosts.done.get(host.name);
      // A host that never heard of the tenant must not begin to know it by this.
      if (known !== undefined && known.slots[slot.colour] === undefined) return;
      const extraMs = known?.slots[slot.colour]?.meta.spec["drain-timeout-ms"];
      await opened.remote.act(host, operation, slot, [slot.colour], { signal, session: "long", extraMs });
    });
    const former = await endFormer(opened, observation, slot, operation, signal);
    throwFailed(together(result, former), signal);
  }

  async #eachSlot(
    slot: Slot,
    { signal, ...on }: On,
    act: (parts: HealthParts, meta: SlotMeta, now: HostState) => Promise<void>,
  ): Promise<void> {
    checkScope(slot);
    const { clock, newKey } = this.#shared;
    const { remote, ssh } = await this.#open();
    const result = await gather(this.#chosen(on), async (host) => {
      const now = await askHost(remote, host, slot, signal);
      const meta = now.slots[slot.colour]?.meta;
      if (meta === undefined) {
        const message = `${host.name}: nothing is prepared in ${formatSlot(slot)}`;
        throw new LotseError({ code: "target.refused", message });
      }
      await act({ remote, ssh, clock, slot, host, signal, newKey }, meta, now);
    });
    throwFailed(result, signal);
  }

  async #open(): Promise<Opened> {
    const { spec, clock, owner } = this.#shared;
    const [ssh, program] = await Promise.all([this.#shared.ssh(), remoteProgram()]);
    const holder = { owner, fencing: this.#fencing };
    const remote: Remote = openRemote({ ssh, program, spec, clock, holder });
    return { ssh, remote, spec };
  }

  /** @throws LotseError `target.host` for a name that the description does not have */
  #chosen({ hosts }: On): readonly HostPlace[] {
    const { spec } = this.#shared;
    if (hosts === undefined) return spec.hosts;
    const unknown = hosts.find((name) => !this.hosts.includes(name));
    if (unknown === undefined) return spec.hosts.filter(({ name }) => hosts.includes(name));
    const message = `the target has no host ${JSON.stringify(unknown.slice(0, 80))}`;
    throw new LotseError({ code: "target.host", message, hint: `it has ${this.hosts.join(", ")}` });
  }
}

/**
 * Opens the target that a description of `lotse.yml` means. Nothing is asked of hosts yet.
 *
 * @throws LotseError `target.spec`
 */
export function openHostTarget(described: unknown, context: HostContext = {}): HostTarget {
  const spec = parseHostSpec(described);
  const env = context.env ?? process.env;
  let ssh: Promise<Ssh> | undefined;
  return new HostTarget({
    spec,
    clock: context.clock ?? systemClock,
    owner: context.owner ?? `target-${randomUUID()}`,
    newKey: context.newKey ?? randomUUID,
    ssh: () => (ssh ??= controlDirectory(env).then((control) => openSsh(spec.ssh, control))),
  });
}
