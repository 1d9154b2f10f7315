import { LotseError, type ErrorCode } from "../../kernel/index.ts";
import { colours, type Colour, type Slot, type TenantScope } from "../names.ts";
import type { Action, Weights } from "../step.ts";
import type { ColourState, Drained, Fencing, On, Payload, Target, TargetState } from "../target.ts";
import { activeOf, allTo, formatWeights, soleColour } from "../weights.ts";

interface Instance {
  readonly release: string;
  readonly version: string;
  state: "prepared" | "running" | "stopped" | "exited";
  inFlight: number;
}

interface Place {
  weights: Weights;
  readonly instances: Map<Colour, Instance>;
}

interface Tenant {
  fence: number;
  /** What was answered, by key and method. */
  readonly done: Map<string, string>;
  readonly places: Map<string, Place>;
}

/** The steps that a {@link MemoryTarget} is asked for. */
export type MemoryStep = Exclude<Action, "gate" | "hook" | "restore" | "discard"> | "run";

/** What a step acts on, for {@link MemoryTarget.before}. */
export interface MemoryCall extends TenantScope {
  readonly host: string;
  readonly colour: Colour | null;
  readonly weights?: Weights;
}

/** A target that runs nothing and remembers what it was asked, for tests of what drives targets. */
export class MemoryTarget implements Target {
  readonly type = "memory";
  readonly hosts: readonly string[];
  /** Every effect, as `step environment/tenant/colour`; with the host behind `@` where there are several. */
  readonly calls: string[] = [];
  /** Commands that were run, as `host: command`. */
  readonly commands: string[] = [];
  /** Called before each effect on each host; what it throws is how that host fails. */
  before: (step: MemoryStep, call: MemoryCall) => void | Promise<void> = () => {};
  /** Called after each effect on each host. */
  after: (step: MemoryStep, call: MemoryCall) => void = () => {};
  /** Hosts that do not answer. */
  readonly unreachable = new Set<string>();
  readonly #tenants = new Map<string, Tenant>();

  /** @param hosts - their names. @defaultValue `["local"]` */
  constructor(hosts: readonly string[] = ["local"]) {
    this.hosts = hosts;
  }

  fenced(fencing: Fencing): Target {
    return new FencedMemory(this, fencing);
  }

  /** Refuses old fences. @returns what was answered to this key before, or null */
  admit(scope: TenantScope, { fence, key }: Fencing, method: string): string | null {
    const tenant = this.#tenant(scope);
    if (fence < tenant.fence) throw fail("a newer fence was seen", "rollout.fence");
    tenant.fence = fence;
    return tenant.done.get(`${key} ${method}`) ?? null;
  }

  /** Remembers that an effect is done. */
  keep(scope: TenantScope, { key }: Fencing, method: string, answer: string): void {
    this.#tenant(scope).done.set(`${key} ${method}`, answer);
  }

  async inspect(scope: TenantScope): Promise<TargetState> {
    const { places } = this.#tenant(scope);
    const reached = [...places].filter(([host]) => !this.unreachable.has(host));
    const traffic = Object.fromEntries(reached.map(([host, { weights }]) => [host, weights]));
    const unreachable = [...this.unreachable].map((host) => [host, "it does not answer"]);
    return Promise.resolve({
      active: activeOf(traffic),
      traffic,
      url: null,
      unrouted: 0,
      unreachable: Object.fromEntries(unreachable) as Record<string, string>,
      colours: reached.flatMap(([host, { instances }]) =>
        colours.flatMap((colour) => {
          const found = instances.get(colour);
          return found === undefined ? [] : [stateOf(host, colour, found)];
        }),
      ),
    });
  }

  prepare(slot: Slot, payload: Payload, on?: On): Promise<void> {
    return this.#each("prepare", slot, on, (place) => {
      if (place.weights[slot.colour] > 0) throw fail("it has traffic");
      return () => {
        const { release, version } = payload;
        place.instances.set(slot.colour, { release, version, state: "prepared", inFlight: 0 });
      };
    });
  }

  start(slot: Slot, on?: On): Promise<void> {
    return this.#each("start", slot, on, (place) => {
      const instance = instanceOf(place, slot.colour);
      return () => {
        instance.state = "running";
      };
    });
  }

  waitHealthy(slot: Slot, on?: On): Promise<void> {
    return this.#each("wait-healthy", slot, on, (place) => {
      const { state } = instanceOf(place, slot.colour);
      return () => {
        if (state !== "running") throw fail("it does not run", "target.start");
      };
    });
  }

  async route(scope: TenantScope, weights: Weights, on?: On): Promise<void> {
    const call = { ...scope, colour: soleColour(weights), weights };
    await this.#each("route", call, on, (place) => {
      for (const colour of colours) {
        if (weights[colour] > 0 && instanceOf(place, colour).state !== "running")
          throw fail("nothing runs there");
      }
      return () => {
        place.weights = weights;
      };
    });
  }

  verify(slot: Slot, on?: On): Promise<void> {
    return this.#each("verify", slot, on, () => () => {});
  }

  async run(slot: Slot, command: readonly string[], on?: On): Promise<string> {
    await this.#each("run", slot, on, (place, host) => {
      instanceOf(place, slot.colour);
      return () => void this.commands.push(`${host}: ${command.join(" ")}`);
    });
    return command.join(" ");
  }

  async drain(slot: Slot, on?: On): Promise<Drained> {
    await this.#each("drain", slot, on, (place) => {
      if (place.weights[slot.colour] > 0) throw fail("it has traffic");
      return async () => {
        while ((place.instances.get(slot.colour)?.inFlight ?? 0) > 0) {
          on?.signal?.throwIfAborted();
          await new Promise((resolve) => {
            setImmediate(resolve);
          });
        }
      };
    });
    return { remaining: 0 };
  }

  stop(slot: Slot, on?: On): Promise<void> {
    return this.#each("stop", slot, on, (place) => {
      if (place.weights[slot.colour] > 0) throw fail("it has traffic");
      return () => {
        const instance = place.instances.get(slot.colour);
        if (instance !== undefined && instance.state !== "prepared") instance.state = "stopped";
      };
    });
  }

  retire(slot: Slot, on?: On): Promise<void> {
    return this.#each("retire", slot, on, (place) => {
      if (place.weights[slot.colour] > 0) throw fail("it has traffic");
      return () => void place.instances.delete(slot.colour);
    });
  }

  /** The version that has all traffic, or null. */
  versionOf(scope: TenantScope): string | null {
    const places = [...this.#tenant(scope).places.values()];
    const versions = places.flatMap(({ weights, instances }) =>
      colours.filter((colour) => weights[colour] > 0).map((colour) => instances.get(colour)?.version ?? null),
    );
    return new Set(versions).size === 1 ? (versions[0] ?? null) : null;
  }

  /** Opens a request to the active colour of the first host; the returned function ends it. */
  hold(scope: TenantScope): () => void {
    const place = this.#tenant(scope).places.get(this.hosts[0] ?? "");
    const colour = place === undefined ? null : soleColour(place.weights);
    if (place === undefined || colour === null) throw fail("nothing has the traffic");
    const instance = instanceOf(place, colour);
    instance.inFlight += 1;
    return () => {
      instance.inFlight -= 1;
    };
  }

  /** Makes what runs in a slot end by itself. */
  crash({ colour, ...scope }: Slot, host = this.hosts[0] ?? ""): void {
    const instance = this.#tenant(scope).places.get(host)?.instances.get(colour);
    if (instance !== undefined) instance.state = "exited";
  }

  /** Acts on each host by itself; hosts that fail do not keep the others from it. */
  async #each(
    step: MemoryStep,
    scope: MemoryCallBase,
    on: On | undefined,
    plan: (place: Place, host: string) => () => void | Promise<void>,
  ): Promise<void> {
    const failures: [string, unknown][] = [];
    const hosts = on?.hosts ?? this.hosts;
    for (const host of hosts) {
      try {
        if (this.unreachable.has(host)) throw fail("it does not answer", "target.host");
        const act = plan(this.#place(scope, host), host);
        const { environment, tenant, colour, weights } = scope;
        const call = { environment, tenant, host, colour, ...(weights === undefined ? {} : { weights }) };
        const what = weights === undefined || colour !== null ? (colour ?? "none") : formatWeights(weights);
        this.calls.push(`${step} ${environment}/${tenant}/${what}${this.hosts.length > 1 ? `@${host}` : ""}`);
        await this.before(step, call);
        if (step !== "route" && step !== "retire") on?.signal?.throwIfAborted();
        await act();
        this.after(step, call);
      } catch (error) {
        failures.push([host, error]);
      }
    }
    const [first] = failures;
    if (first === undefined) return;
    if (hosts.length === 1 || !(first[1] instanceof LotseError)) throw first[1];
    throw fail(
      failures.map(([host, error]) => `${host}: ${(error as Error).message}`).join("; "),
      first[1].code,
    );
  }

  #tenant({ environment, tenant }: TenantScope): Tenant {
    const key = `${environment}/${tenant}`;
    const found = this.#tenants.get(key) ?? { fence: 0, done: new Map(), places: new Map() };
    this.#tenants.set(key, found);
    return found;
  }

  #place(scope: TenantScope, host: string): Place {
    if (!this.hosts.includes(host)) throw fail(`there is no host ${host}`, "target.host");
    const { places } = this.#tenant(scope);
    const found = places.get(host) ?? { weights: allTo(null), instances: new Map<Colour, Instance>() };
    places.set(host, found);
    return found;
  }
}

type MemoryCallBase = TenantScope & { readonly colour: Colour | null; readonly weights?: Weights };

/** A memory target whose effects carry a fence and a key. */
class FencedMemory implements Target {
  readonly type = "memory";
  readonly hosts: readonly string[];
  readonly #target: MemoryTarget;
  readonly #fencing: Fencing;

  constructor(target: MemoryTarget, fencing: Fencing) {
    this.hosts = target.hosts;
    this.#target = target;
    this.#fencing = fencing;
  }

  fenced(fencing: Fencing): Target {
    return this.#target.fenced(fencing);
  }

  inspect(scope: TenantScope): Promise<TargetState> {
    return this.#target.inspect(scope);
  }

  prepare(slot: Slot, payload: Payload, on?: On): Promise<void> {
    return this.#once("prepare", slot, on, () => this.#target.prepare(slot, payload, on));
  }

  start(slot: Slot, on?: On): Promise<void> {
    return this.#once("start", slot, on, () => this.#target.start(slot, on));
  }

  waitHealthy(slot: Slot, on?: On): Promise<void> {
    return this.#target.waitHealthy(slot, on);
  }

  route(scope: TenantScope, weights: Weights, on?: On): Promise<void> {
    return this.#once("route", scope, on, () => this.#target.route(scope, weights, on));
  }

  verify(slot: Slot, on?: On): Promise<void> {
    return this.#target.verify(slot, on);
  }

  async run(
    slot: Slot,
    command: readonly string[],
    on?: On & { readonly timeoutMs?: number },
  ): Promise<string> {
    const method = `run ${command.join(" ")} ${on?.hosts?.join(" ") ?? ""}`;
    const before = this.#target.admit(slot, this.#fencing, method);
    if (before !== null) return before;
    const answer = await this.#target.run(slot, command, on);
    this.#target.keep(slot, this.#fencing, method, answer);
    return answer;
  }

  drain(slot: Slot, on?: On): Promise<Drained> {
    return this.#target.drain(slot, on);
  }

  stop(slot: Slot, on?: On): Promise<void> {
    return this.#once("stop", slot, on, () => this.#target.stop(slot, on));
  }

  retire(slot: Slot, on?: On): Promise<void> {
    return this.#once("retire", slot, on, () => this.#target.retire(slot, on));
  }

  async #once(
    method: MemoryStep,
    scope: TenantScope,
    on: On | undefined,
    act: () => Promise<void>,
  ): Promise<void> {
    const colour = "colour" in scope ? String(scope.colour) : "";
    const name = `${method} ${colour} ${on?.hosts?.join(" ") ?? ""}`;
    if (this.#target.admit(scope, this.#fencing, name) !== null) return;
    await act();
    this.#target.keep(scope, this.#fencing, name, "");
  }
}

function instanceOf(place: Place, colour: Colour): Instance {
  const instance = place.instances.get(colour);
  if (instance === undefined) throw fail("nothing is prepared there");
  return instance;
}

function stateOf(host: string, colour: Colour, { release, version, state, inFlight }: Instance): ColourState {
  return { host, colour, release, version, state, restarts: 0, requests: 0, errors: 0, inFlight, detail: {} };
}

function fail(message: string, code: ErrorCode = "target.refused"): LotseError {
  return new LotseError({ code, message });
}
