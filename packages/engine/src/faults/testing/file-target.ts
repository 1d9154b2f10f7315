import { LotseError } from "@lotse/core/kernel";
import type {
  Colour,
  Drained,
  Fencing,
  On,
  Payload,
  Slot,
  Target,
  TargetState,
  TenantScope,
  Weights,
} from "@lotse/core/release";
import { stateOf, type Attempt, type Instance, type Place, type Worlds } from "./world.ts";

/** Where a {@link FileTarget} lets whoever calls it die: half-way through an effect, and before its answer. */
type EffectPoint = "middle" | "effect-done";

/** What a {@link FileTarget} is made of. */
export interface FileTargetParts {
  readonly worlds: Worlds;
  readonly hosts: readonly string[];
  readonly onEffect: (point: EffectPoint, key: string) => Promise<void>;
}

/** Changes a place half, and then wholly. */
interface Change {
  readonly half?: (place: Place) => void;
  readonly whole: (place: Place) => void;
}

/**
 * A target whose effects are files, so that they outlive the kill -9 of whoever brings them about. Each effect
 * takes two writes with a place to die in between, is refused to older fences at both, and is counted.
 */
export class FileTarget implements Target {
  readonly type = "file";
  readonly hosts: readonly string[];
  readonly #parts: FileTargetParts;
  readonly #fencing: Fencing;

  constructor(parts: FileTargetParts, fencing: Fencing = { fence: 0, key: "" }) {
    this.hosts = parts.hosts;
    this.#parts = parts;
    this.#fencing = fencing;
  }

  fenced(fencing: Fencing): Target {
    return new FileTarget(this.#parts, fencing);
  }

  async inspect({ tenant }: TenantScope): Promise<TargetState> {
    return stateOf(await this.#parts.worlds.read(tenant));
  }

  prepare(slot: Slot, { release, version }: Payload, on?: On): Promise<void> {
    const put = (state: Instance["state"]) => (place: Place) => {
      refuseTraffic(place, slot.colour);
      place.instances[slot.colour] = { release, version, state };
    };
    return this.#effect("prepare", slot, on, { half: put("half"), whole: put("prepared") });
  }

  start(slot: Slot, on?: On): Promise<void> {
    return this.#effect("start", slot, on, { whole: (place) => become(place, slot.colour, "running") });
  }

  stop(slot: Slot, on?: On): Promise<void> {
    return this.#effect("stop", slot, on, {
      whole: (place) => {
        refuseTraffic(place, slot.colour);
        if (place.instances[slot.colour] !== undefined) become(place, slot.colour, "stopped");
      },
    });
  }

  retire(slot: Slot, on?: On): Promise<void> {
    return this.#effect("retire", slot, on, {
      whole: (place) => {
        refuseTraffic(place, slot.colour);
        delete place.instances[slot.colour];
      },
    });
  }

  route(scope: TenantScope, weights: Weights, on?: On): Promise<void> {
    return this.#effect("route", scope, on, {
      whole: (place) => {
        for (const colour of ["blue", "green"] as const)
          if (weights[colour] > 0 && place.instances[colour]?.state !== "running")
            throw new LotseError({ code: "target.refused", message: `${colour} does not run there` });
        place.weights = weights;
      },
    });
  }

  /** `true` ends well, every other command does not. */
  async run(slot: Slot, command: readonly string[], on?: On): Promise<string> {
    await this.#effect("run", slot, on, {
      whole: () => {
        if (command[0] !== "true") throw new LotseError({ code: "target.hook", message: "it ended with 1" });
      },
    });
    return "";
  }

  async waitHealthy(slot: Slot, on?: On): Promise<void> {
    await this.#look(slot, on);
  }

  async verify(slot: Slot, on?: On): Promise<void> {
    await this.#look(slot, on);
  }

  async drain(slot: Slot): Promise<Drained> {
    await this.#look(slot, { hosts: [] });
    return { remaining: 0 };
  }

  /** What only looks has no effect to count; but whoever looks may die of it too. */
  async #look({ tenant, colour }: Slot, on?: On): Promise<void> {
    await this.#parts.onEffect("middle", this.#fencing.key);
    const { places } = await this.#parts.worlds.read(tenant);
    for (const host of on?.hosts ?? this.hosts)
      if (places[host]?.instances[colour]?.state !== "running")
        throw new LotseError({ code: "target.unhealthy", message: `${host}: ${colour} does not run` });
    await this.#parts.onEffect("effect-done", this.#fencing.key);
  }

  /** Acts host by host; the place to die is half-way through the one in the middle. */
  async #effect(method: string, scope: TenantScope, on: On | undefined, change: Change): Promise<void> {
    const { worlds, onEffect } = this.#parts;
    const { key } = this.#fencing;
    const hosts = on?.hosts ?? this.hosts;
    const middle = hosts[Math.floor(hosts.length / 2)];
    for (const host of hosts) {
      const effect = `${key} ${method} ${host}`;
      const known = await worlds.change(scope.tenant, (world) => {
        if (this.#admit(world, effect)) return true;
        change.half?.(placeOf(world.places, host));
        return false;
      });
      if (host === middle) await onEffect("middle", key);
      if (!known) {
        await worlds.change(scope.tenant, (world) => {
          if (!this.#admit(world, effect, "done")) this.#bringAbout(world, effect, host, change);
        });
      }
    }
    await onEffect("effect-done", key);
  }

  #bringAbout(
    world: { places: Record<string, Place>; effects: Record<string, number>; attempts: Attempt[] },
    effect: string,
    host: string,
    { whole }: Change,
  ): void {
    try {
      whole(placeOf(world.places, host));
    } catch (error) {
      this.#note(world.attempts, effect, "failed");
      throw error;
    }
    world.effects[effect] = (world.effects[effect] ?? 0) + 1;
    this.#note(world.attempts, effect, "done");
  }

  /** @returns whether it has come about before @throws LotseError `rollout.fence` */
  #admit(
    world: { fence: number; effects: Record<string, number>; attempts: Attempt[] },
    effect: string,
    part: "begun" | "done" = "begun",
  ): boolean {
    const { fence } = this.#fencing;
    if (fence < world.fence) {
      this.#note(world.attempts, effect, "refused");
      throw new LotseError({ code: "rollout.fence", message: `fence ${world.fence} was seen` });
    }
    world.fence = fence;
    const known = (world.effects[effect] ?? 0) > 0;
    if (known) this.#note(world.attempts, effect, "known");
    else if (part === "begun") this.#note(world.attempts, effect, "begun");
    return known;
  }

  #note(attempts: Attempt[], effect: string, was: Attempt["was"]): void {
    attempts.push({ effect, fence: this.#fencing.fence, pid: process.pid, was });
  }
}

function placeOf(places: Record<string, Place>, host: string): Place {
  const place = places[host];
  if (place === undefined) throw new LotseError({ code: "target.host", message: `there is no host ${host}` });
  return place;
}

function refuseTraffic({ weights }: Place, colour: Colour): void {
  if (weights[colour] > 0) throw new LotseError({ code: "target.refused", message: "it has traffic" });
}

function become(place: Place, colour: Colour, state: "running" | "stopped"): void {
  const found = place.instances[colour];
  if (found === undefined || found.state === "half")
    throw new LotseError({ code: "target.refused", message: "nothing is prepared there" });
  place.instances[colour] = { ...found, state };
}
