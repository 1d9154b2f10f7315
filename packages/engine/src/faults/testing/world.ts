import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { lockWithin, systemClock, writePrivateFile } from "@lotse/core/kernel";
import type { Colour, TargetState, Weights } from "@lotse/core/release";

/** What is in a colour on a host; `half`: something was interrupted there, and nobody may rely on it. */
export interface Instance {
  readonly release: string;
  readonly version: string;
  readonly state: "half" | "prepared" | "running" | "stopped";
}

/** What one host has of a tenant. */
export interface Place {
  weights: Weights;
  readonly instances: Partial<Record<Colour, Instance>>;
}

/** One try to bring an effect about. */
export interface Attempt {
  /** The idempotency key of the step, the method and the host. */
  readonly effect: string;
  readonly fence: number;
  readonly pid: number;
  /** `known`: it had come about before, and nothing was done; `refused`: a newer fence had been seen. */
  readonly was: "begun" | "done" | "known" | "refused" | "failed";
}

/** All that the hosts know of a tenant. */
export interface World {
  /** The newest fence that was seen. */
  fence: number;
  readonly places: Record<string, Place>;
  /** How often each effect came about; anything but 1 is a defect. */
  readonly effects: Record<string, number>;
  /** In the order of time. */
  readonly attempts: Attempt[];
}

/** The tenant's first release, before any rollout: it runs in blue on every host and has all traffic. */
export function firstWorld(hosts: readonly string[], release: string, version: string): World {
  const instance = { release, version, state: "running" } as const;
  const place = (): Place => ({ weights: { blue: 100, green: 0 }, instances: { blue: instance } });
  return {
    fence: 0,
    places: Object.fromEntries(hosts.map((host) => [host, place()])),
    effects: {},
    attempts: [],
  };
}

/** The same with another release in green that has a part of the traffic, in percent. */
export function withOther(world: World, release: string, version: string, percent: number): World {
  const green = { release, version, state: "running" } as const;
  const places = Object.entries(world.places).map(([host, { instances }]) => [
    host,
    { weights: { blue: 100 - percent, green: percent }, instances: { ...instances, green } },
  ]);
  return { ...world, places: Object.fromEntries(places) as World["places"] };
}

/** Worlds of tenants in a directory, one file each, replaced in one step, so that they outlive whoever writes. */
export class Worlds {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async read(tenant: string): Promise<World> {
    return JSON.parse(await readFile(this.#path(tenant), "utf8")) as World;
  }

  async write(tenant: string, world: World): Promise<void> {
    await writePrivateFile(this.#path(tenant), JSON.stringify(world), { sync: false });
  }

  /** Changes a world while nobody else does; what throws has changed it too. */
  async change<T>(tenant: string, act: (world: World) => T): Promise<T> {
    const path = join(this.#directory, `${tenant}.lock`);
    const lock = await lockWithin({ path, holder: "an effect", clock: systemClock }, 60_000);
    try {
      const world = await this.read(tenant);
      try {
        return act(world);
      } finally {
        await this.write(tenant, world);
      }
    } finally {
      await lock.release();
    }
  }

  #path(tenant: string): string {
    return join(this.#directory, `${tenant}.world.json`);
  }
}

/** The world as a target tells it. What is half done is not told: a real host shows it under no name either. */
export function stateOf({ places }: World): TargetState {
  const traffic = Object.fromEntries(Object.entries(places).map(([host, { weights }]) => [host, weights]));
  const soles = new Set(
    Object.values(traffic).map(({ blue, green }) => (blue === 100 ? "blue" : green === 100 ? "green" : null)),
  );
  const [sole = null] = soles;
  return {
    active: soles.size === 1 ? sole : null,
    traffic,
    unreachable: {},
    unrouted: 0,
    url: null,
    colours: Object.entries(places).flatMap(([host, { instances }]) =>
      (["blue", "green"] as const).flatMap((colour) => {
        const found = instances[colour];
        if (found === undefined || found.state === "half") return [];
        const { release, version, state } = found;
        const counts = { restarts: 0, requests: 0, errors: 0, inFlight: 0, detail: {} };
        return [{ colour, host, release, version, state, ...counts }];
      }),
    ),
  };
}
