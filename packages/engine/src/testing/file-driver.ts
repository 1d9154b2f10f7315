import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { lockWithin, LotseError, systemClock, writePrivateFile } from "@lotse/core/kernel";
import type { Effect, RolloutDriver } from "../rollout/driver.ts";
import type { ActStep } from "../rollout/plan.ts";

/** What a {@link FileDriver} keeps of a tenant: one file, replaced in one step, as a host would keep it. */
export interface FileWorld {
  /** How often each effect came about, by idempotency key; anything but 1 is a defect. */
  readonly effects: Record<string, number>;
  /** The newest fence that was seen. */
  fence: number;
  /** What happened, in order. */
  readonly log: { readonly key: string; readonly fence: number; readonly was: "new" | "known" | "refused" }[];
  /** The colour that has the traffic. */
  active: string;
}

const nothing: FileWorld = { effects: {}, fence: 0, log: [], active: "blue" };

/** How a {@link FileDriver} behaves. A step with `fail` in its input fails. */
export interface FileDriverOptions {
  /** How long steps take. @defaultValue 0 */
  readonly delayMs?: number;
  /** Called before and after the effect of a step; tests end the process there. */
  readonly onEffect?: (when: "before-effect" | "after-effect", key: string) => Promise<void> | void;
}

/** A target of tests that outlives its callers and counts what they do to it. */
export class FileDriver implements RolloutDriver {
  readonly #directory: string;
  readonly #options: FileDriverOptions;

  constructor(directory: string, options: FileDriverOptions = {}) {
    this.#directory = directory;
    this.#options = options;
  }

  async act(step: ActStep, effect: Effect): Promise<string | undefined> {
    if (this.#options.delayMs !== undefined)
      await sleep(this.#options.delayMs, undefined, { signal: effect.signal });
    if (step.input["fail"] === true)
      throw new LotseError({ code: "target.unhealthy", message: `${step.name} failed` });
    await this.#options.onEffect?.("before-effect", effect.key);
    await this.#change(effect.tenant, (world) => apply(world, step, effect));
    await this.#options.onEffect?.("after-effect", effect.key);
    return undefined;
  }

  /** What came of it all. */
  async world(tenant: string): Promise<FileWorld> {
    const text = await readFile(this.#path(tenant), "utf8").catch(() => null);
    return text === null ? structuredClone(nothing) : (JSON.parse(text) as FileWorld);
  }

  #path(tenant: string): string {
    return join(this.#directory, `${tenant}.json`);
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

function apply(world: FileWorld, step: ActStep, { key, fence }: Effect): void {
  if (fence < world.fence) {
    world.log.push({ key, fence, was: "refused" });
    throw new LotseError({ code: "rollout.fence", message: `fence ${fence} is older than ${world.fence}` });
  }
  world.fence = fence;
  const known = (world.effects[key] ?? 0) > 0;
  world.log.push({ key, fence, was: known ? "known" : "new" });
  if (known) return;
  world.effects[key] = (world.effects[key] ?? 0) + 1;
  if (step.name === "switch" || step.name === "restore") world.active = step.input["colour"] as string;
}
