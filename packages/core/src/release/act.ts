import { LotseError } from "../kernel/index.ts";
import type { Effect } from "./driver.ts";
import type { Gate } from "./gate.ts";
import type { GateSpec } from "./gates/spec.ts";
import { restore } from "./restore.ts";
import type { ActStep } from "./step.ts";
import type { StrategyDefinition } from "./strategies/definition.ts";
import { hookTimeoutMs, type Hooks } from "./strategies/hooks.ts";
import type { Payload, Target } from "./target.ts";
import { allTo, formatWeights } from "./weights.ts";

/** What {@link actOn} carries steps out with. */
export interface ActParts {
  /** Carries the effect's fence and key. */
  readonly target: Target;
  /** The release that the rollout brings. */
  readonly payload: Payload;
  readonly strategy: StrategyDefinition;
  readonly hooks: Hooks;
  readonly openGate: (spec: GateSpec) => Gate;
}

/**
 * Carries out one step.
 *
 * @returns a note for people
 * @throws LotseError `target.*`; `rollout.fence` from a target that has seen a newer fence
 */
export async function actOn(parts: ActParts, step: ActStep, effect: Effect): Promise<string | undefined> {
  const { target, payload } = parts;
  const { input } = step;
  const { environment, tenant, signal } = effect;
  const scope = { environment, tenant };
  const slot = { ...scope, colour: input.colour };
  const on = { signal, ...(input.hosts === undefined ? {} : { hosts: input.hosts }) };
  switch (step.action) {
    case "prepare":
      await target.prepare(slot, payload, on);
      return undefined;
    case "start":
      await target.start(slot, on);
      return undefined;
    case "wait-healthy":
      await target.waitHealthy(slot, on);
      return undefined;
    case "route": {
      const weights = input.weights ?? allTo(input.colour);
      await target.route(scope, weights, { ...on, sticky: input.sticky });
      return formatWeights(weights);
    }
    case "verify":
      await target.verify(slot, on);
      return undefined;
    case "gate":
      return judge(parts, step, effect);
    case "hook":
      return runHook(parts, step, effect);
    case "drain": {
      const { remaining } = await target.drain(slot, on);
      return remaining === 0 ? undefined : `${remaining} still open when the drain time was over`;
    }
    case "stop":
      await target.stop(slot, on);
      return undefined;
    case "retire":
    case "discard":
      await target.retire(slot, input.hosts === undefined ? {} : { hosts: input.hosts });
      return undefined;
    case "restore":
      return restore(target, scope, input.previous);
    default:
      return step.action satisfies never;
  }
}

async function judge(parts: ActParts, { input }: ActStep, effect: Effect): Promise<string> {
  const name = input.gate ?? "";
  const { gates } = parts.strategy;
  const spec = Object.hasOwn(gates, name) ? gates[name] : undefined;
  if (spec === undefined) throw unknown(`the strategy has no gate ${name}`);
  const { environment, tenant, signal } = effect;
  const { traffic } = await parts.target.inspect({ environment, tenant });
  const { verdict, reason } = await parts.openGate(spec).judge({
    environment,
    tenant,
    release: parts.payload.release,
    version: parts.payload.version,
    colour: input.colour,
    weights: Object.values(traffic)[0] ?? allTo(null),
    target: parts.target,
    signal,
  });
  if (verdict === "pass") return reason;
  throw new LotseError({
    code: "target.gate",
    message: `gate ${name} ${verdict === "fail" ? "refuses the release" : "has no data to judge by"}: ${reason}`,
  });
}

async function runHook(parts: ActParts, { input }: ActStep, effect: Effect): Promise<string | undefined> {
  const name = input.hook ?? "";
  const hook = Object.hasOwn(parts.hooks, name) ? parts.hooks[name] : undefined;
  if (hook === undefined) throw unknown(`the release has no hook ${name}`);
  const { environment, tenant, signal } = effect;
  const wrote = await parts.target.run({ environment, tenant, colour: input.colour }, hook.run, {
    signal,
    timeoutMs: hookTimeoutMs(hook),
    ...(input.hosts === undefined ? {} : { hosts: input.hosts }),
  });
  return wrote.trim() === "" ? undefined : wrote.trim();
}

function unknown(message: string): LotseError {
  return new LotseError({ code: "rollout.state", message, hint: "make the rollout anew" });
}
