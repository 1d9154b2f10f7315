import { LotseError } from "@lotse/core/kernel";
import type { Payload, Plan, Slot, Target, TenantPlan, TenantScope } from "@lotse/core/release";
import { z } from "zod";
import type { Effect, RolloutDriver } from "./driver.ts";
import type { ActStep, EnginePlanInput } from "./plan.ts";

/**
 * A target that keeps out workers that were taken for dead. What it does through the returned target carries
 * the fence and the key; it refuses a fence older than one it has seen by the error `rollout.fence`.
 */
export interface FencedTarget extends Target {
  fenced(effect: Pick<Effect, "fence" | "key">): Target;
}

/** What a {@link targetDriver} works with. */
export interface TargetDriverParts {
  /** The target of a tenant; one that is a {@link FencedTarget} gets the fences. */
  readonly targetFor: (scope: TenantScope) => Promise<Target | FencedTarget>;
  /** What to run for a tenant, found again after a crash by the release's id. */
  readonly payloadFor: (scope: TenantScope, release: string) => Promise<Payload>;
}

const inputSchema = z.strictObject({
  colour: z.enum(["blue", "green"]),
  release: z.string().max(128),
  /** What `restore` gives the traffic back to; null where nothing had it. */
  previous: z.enum(["blue", "green"]).nullable(),
});

type StepInput = z.infer<typeof inputSchema>;

/**
 * Makes of a planned rollout the steps that the engine carries out. A failure after `verify` undoes nothing
 * that works; only somebody who aborts may undo it then, until the old colour is retired.
 */
export function enginePlanOf(plan: Plan): EnginePlanInput {
  const { id, environment, release, strategy } = plan;
  return { id, environment, release, strategy, tenants: plan.tenants.map(tenantOf) };
}

function tenantOf({ tenant, from, to, steps }: TenantPlan): EnginePlanInput["tenants"][number] {
  const verify = steps.findLastIndex(({ name }) => name === "verify");
  const input = (colour: Slot["colour"]): StepInput => ({
    colour,
    release: to.release,
    previous: from?.colour ?? null,
  });
  return {
    tenant,
    hasPrevious: from !== undefined,
    steps: steps.map(({ name, colour }, at) => ({
      kind: "act",
      name,
      input: input(colour),
      onFailure: at <= verify ? "undo" : "continue",
      abortable: name !== "retire",
    })),
    undo: [
      { kind: "act", name: "restore", input: input(to.colour), abortable: false },
      { kind: "act", name: "discard", input: input(to.colour), abortable: false },
    ],
  };
}

/** Drives targets: the steps of plans that {@link enginePlanOf} made. */
export function targetDriver(parts: TargetDriverParts): RolloutDriver {
  return {
    act: async (step, effect) => {
      const { environment, tenant } = effect;
      const target = await parts.targetFor({ environment, tenant });
      return actOn(isFenced(target) ? target.fenced(effect) : target, parts, step, effect);
    },
  };
}

function isFenced(target: Target | FencedTarget): target is FencedTarget {
  return "fenced" in target;
}

async function actOn(
  target: Target,
  parts: TargetDriverParts,
  step: ActStep,
  { environment, tenant, signal }: Effect,
): Promise<string | undefined> {
  const input = inputSchema.parse(step.input);
  const slot = { environment, tenant, colour: input.colour };
  switch (step.name) {
    case "prepare":
      await target.prepare(slot, await parts.payloadFor(slot, input.release), signal);
      return undefined;
    case "start":
      await target.start(slot, signal);
      return undefined;
    case "wait-healthy":
      await target.waitHealthy(slot, signal);
      return undefined;
    case "switch":
      await target.switchTo(slot, input.colour);
      return undefined;
    case "verify":
      await target.verify(slot, signal);
      return undefined;
    case "drain": {
      const { remaining } = await target.drain(slot, signal);
      return remaining === 0 ? undefined : `${remaining} still open when the drain time was over`;
    }
    case "retire":
    case "discard":
      await target.retire(slot);
      return undefined;
    case "restore":
      return restore(target, slot, input.previous);
    default:
      throw new LotseError({ code: "internal.bug", message: `no target knows the step ${step.name}` });
  }
}

/** Asks where the traffic goes rather than guess from the last step, for that step's answer may be lost. */
async function restore(
  target: Target,
  slot: Slot,
  previous: StepInput["previous"],
): Promise<string | undefined> {
  const state = await target.inspect(slot);
  if (state.active === previous) return "the traffic had not moved";
  if (previous !== null && state.colours.find(({ colour }) => colour === previous)?.state !== "running") {
    await target.start({ ...slot, colour: previous });
    await target.waitHealthy({ ...slot, colour: previous });
  }
  await target.switchTo(slot, previous);
  return undefined;
}
