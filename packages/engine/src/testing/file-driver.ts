import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { lockWithin, LotseError, systemClock, writePrivateFile } from "@lotse/core/kernel";
import type {
  ActStep,
  Effect,
  RolloutDriver,
  RolloutRequest,
  TenantEnd,
  TenantPlan,
  TenantScope,
} from "@lotse/core/release";
import { failingStep, planFor } from "./requests.ts";

/** What a {@link FileDriver} keeps of a tenant: one file, replaced in one step, as a host would keep it. */
export interface FileWorld {
  /** How often each effect came about, by idempotency key; anything but 1 is a defect. */
  readonly effects: Record<string, number>;
  /** The newest fence that was seen. */
  fence: number;
  /** What happened, in order. */
  readonly log: { readonly key: string; readonly fence: number; readonly was: "new" | "known" | "refused" }[];
  /** The colour that has the traffic. */
  active: "blue" | "green";
  /** How rollouts ended, as was written down. */
  readonly ended: string[];
}

const nothing: FileWorld = { effects: {}, fence: 0, log: [], active: "blue", ended: [] };

/** How a {@link FileDriver} behaves. */
export interface FileDriverOptions {
  /** How long steps take. @defaultValue 0 */
  readonly delayMs?: number;
  /** Called before and after the effect of a step; tests end the process there. */
  readonly onEffect?: (when: "before-effect" | "after-effect", key: string) => Promise<void> | void;
}

type Fenced = Omit<Effect, "signal">;

/** A target of tests that outlives its callers and counts what they do to it. */
export class FileDriver implements RolloutDriver {
  readonly #directory: string;
  readonly #options: FileDriverOptions;

  constructor(directory: string, options: FileDriverOptions = {}) {
    this.#directory = directory;
    this.#options = options;
  }

  /** Decides by what runs now, so planning anew after the switch would give another plan. */
  async plan(request: RolloutRequest, scope: TenantScope): Promise<TenantPlan> {
    const { active } = await this.world(scope.tenant);
    return planFor(request, scope, active);
  }

  async act(request: RolloutRequest, step: ActStep, effect: Effect): Promise<string | undefined> {
    if (this.#options.delayMs !== undefined)
      await sleep(this.#options.delayMs, undefined, { signal: effect.signal });
    if (failingStep(request) === step.name)
      throw new LotseError({ code: "target.unhealthy", message: `${step.name} failed` });
    await this.#take(effect, (world) => {
      if (step.action === "route") world.active = step.input.colour;
      if (step.action === "restore") world.active = step.input.previous ?? world.active;
    });
    return undefined;
  }

  async begun(_: RolloutRequest, __: TenantPlan, effect: Fenced): Promise<void> {
    await this.#take(effect, () => undefined);
  }

  async ended(_: RolloutRequest, __: TenantPlan, { status }: TenantEnd, effect: Fenced): Promise<void> {
    await this.#take(effect, (world) => world.ended.push(status));
  }

  /** What came of it all. */
  async world(tenant: string): Promise<FileWorld> {
    const text = await readFile(this.#path(tenant), "utf8").catch(() => null);
    return text === null ? structuredClone(nothing) : (JSON.parse(text) as FileWorld);
  }

  #path(tenant: string): string {
    return join(this.#directory, `${tenant}.json`);
  }

  async #take(effect: Fenced, act: (world: FileWorld) => void): Promise<void> {
    await this.#options.onEffect?.("before-effect", effect.key);
    await this.#change(effect.tenant, (world) => apply(world, effect, act));
    await this.#options.onEffect?.("after-effect", effect.key);
  }

  async #change(tenant: string, act: (world: FileWorld) => void): Promise<void> {
    const path = join(this.#directory, `${tenant}.lock`);
    const lock = await lockWithin({ path, holder: "a step", clock: systemClock }, 20_000);
    try {
      const world = await this.world(tenant);
      try {
        act(world);
      } finally {
        await writePrivateFile(this.#path(tenant), JSON.stringify(world), { sync: false });
      }
    } finally {
      await lock.release();
    }
  }
}

function apply(world: FileWorld, { key, fence }: Fenced, act: (world: FileWorld) => void): void {
  if (fence < world.fence) {
    world.log.push({ key, fence, was: "refused" });
    throw new LotseError({ code: "rollout.fence", message: `fence ${fence} is older than ${world.fence}` });
  }
  world.fence = fence;
  const known = (world.effects[key] ?? 0) > 0;
  world.log.push({ key, fence, was: known ? "known" : "new" });
  if (known) return;
  world.effects[key] = (world.effects[key] ?? 0) + 1;
  act(world);
}
