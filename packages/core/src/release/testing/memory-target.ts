import { LotseError, type ErrorCode } from "../../kernel/index.ts";
import { formatSlot, type Colour, type Slot, type TenantScope } from "../names.ts";
import type { StepName } from "../strategies/strategy.ts";
import type { Drained, Payload, Target, TargetState } from "../target.ts";

interface Instance {
  readonly release: string;
  readonly version: string;
  running: boolean;
  inFlight: number;
}

/** A target that runs nothing and remembers what it was asked, for tests of what drives targets. */
export class MemoryTarget implements Target {
  readonly type = "memory";
  /** Every step that was asked for, as `step environment/tenant/colour`. */
  readonly calls: string[] = [];
  /** Called before each step; what it throws is how the step fails. */
  before: (step: StepName, slot: TenantScope & { readonly colour: Colour | null }) => void | Promise<void> =
    () => {};
  readonly #instances = new Map<string, Instance>();
  readonly #active = new Map<string, Colour>();

  async inspect(scope: TenantScope): Promise<TargetState> {
    return Promise.resolve({
      active: this.#active.get(key(scope)) ?? null,
      url: null,
      unrouted: 0,
      colours: (["blue", "green"] as const).flatMap((colour) => {
        const found = this.#instances.get(formatSlot({ ...scope, colour }));
        if (found === undefined) return [];
        const { release, version, inFlight } = found;
        const state = found.running ? ("running" as const) : ("prepared" as const);
        return [
          { colour, release, version, state, restarts: 0, requests: 0, errors: 0, inFlight, detail: {} },
        ];
      }),
    });
  }

  async prepare(slot: Slot, payload: Payload): Promise<void> {
    this.#refuseActive(slot);
    await this.#note("prepare", slot);
    const { release, version } = payload;
    this.#instances.set(formatSlot(slot), { release, version, running: false, inFlight: 0 });
  }

  async start(slot: Slot): Promise<void> {
    const instance = this.#instance(slot);
    await this.#note("start", slot);
    instance.running = true;
  }

  async waitHealthy(slot: Slot, signal?: AbortSignal): Promise<void> {
    this.#instance(slot);
    await this.#note("wait-healthy", slot);
    signal?.throwIfAborted();
  }

  async switchTo(scope: TenantScope, colour: Colour | null): Promise<void> {
    if (colour !== null && !this.#instance({ ...scope, colour }).running) throw fail("nothing runs there");
    await this.#note("switch", { environment: scope.environment, tenant: scope.tenant, colour });
    if (colour === null) this.#active.delete(key(scope));
    else this.#active.set(key(scope), colour);
  }

  async verify(slot: Slot, signal?: AbortSignal): Promise<void> {
    await this.#note("verify", slot);
    signal?.throwIfAborted();
  }

  async drain(slot: Slot, signal?: AbortSignal): Promise<Drained> {
    this.#refuseActive(slot);
    await this.#note("drain", slot);
    while ((this.#instances.get(formatSlot(slot))?.inFlight ?? 0) > 0) {
      signal?.throwIfAborted();
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    return { remaining: 0 };
  }

  async retire(slot: Slot): Promise<void> {
    this.#refuseActive(slot);
    await this.#note("retire", slot);
    this.#instances.delete(formatSlot(slot));
  }

  /** The version that has the traffic, or null. */
  versionOf(scope: TenantScope): string | null {
    const colour = this.#active.get(key(scope));
    return colour === undefined ? null : this.#instance({ ...scope, colour }).version;
  }

  /** Opens a request to the active colour; the returned function ends it. */
  hold(scope: TenantScope): () => void {
    const colour = this.#active.get(key(scope));
    if (colour === undefined) throw fail("nothing has the traffic");
    const instance = this.#instance({ ...scope, colour });
    instance.inFlight += 1;
    return () => {
      instance.inFlight -= 1;
    };
  }

  async #note(step: StepName, slot: TenantScope & { readonly colour: Colour | null }): Promise<void> {
    this.calls.push(`${step} ${slot.environment}/${slot.tenant}/${slot.colour ?? "none"}`);
    await this.before(step, slot);
  }

  #instance(slot: Slot): Instance {
    const instance = this.#instances.get(formatSlot(slot));
    if (instance === undefined) throw fail("nothing is prepared there");
    return instance;
  }

  #refuseActive(slot: Slot): void {
    if (this.#active.get(key(slot)) === slot.colour) throw fail("it has the traffic");
  }
}

function fail(message: string, code: ErrorCode = "target.refused"): LotseError {
  return new LotseError({ code, message });
}

function key({ environment, tenant }: TenantScope): string {
  return `${environment}/${tenant}`;
}
