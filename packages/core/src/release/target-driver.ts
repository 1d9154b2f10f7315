import { isLotseError, LotseError, type Clock } from "../kernel/index.ts";
import { actOn } from "./act.ts";
import { reconcile, type Deployment } from "./deployment.ts";
import { recordBegun, recordEnded } from "./deployment-records.ts";
import type { DeploymentStore } from "./deployments.ts";
import type { RolloutDriver } from "./driver.ts";
import type { Gate } from "./gate.ts";
import type { GateSpec } from "./gates/spec.ts";
import type { TenantScope } from "./names.ts";
import { planTenant } from "./plan.ts";
import type { Release } from "./release.ts";
import { parseStrategy } from "./strategies/parse-strategy.ts";
import type { Hooks } from "./strategies/hooks.ts";
import type { Payload, Target } from "./target.ts";

/** What a {@link targetDriver} works with. */
export interface TargetDriverParts {
  readonly clock: Clock;
  readonly deployments: DeploymentStore;
  /**
   * A release that may be deployed, by its id.
   *
   * @throws LotseError `release.not-found`, `release.corrupt`, `release.signature`
   */
  readonly releaseOf: (id: string, environment: string) => Promise<Release>;
  /**
   * A release that runs, whoever signed it: what leaves it is judged by it. @defaultValue `releaseOf`
   *
   * @throws LotseError `release.not-found`, `release.corrupt`
   */
  readonly runningRelease?: ((id: string, environment: string) => Promise<Release>) | undefined;
  /** Opens the target that a release describes. */
  readonly targetFor: (release: Release, scope: TenantScope) => Promise<Target> | Target;
  /** What to run for a tenant. */
  readonly payloadFor: (release: Release, scope: TenantScope) => Payload;
  /** The commands that belong to rollouts of a release. */
  readonly hooksOf: (release: Release) => Hooks;
  readonly openGate: (spec: GateSpec) => Gate;
}

/**
 * Drives targets: plans tenants from what they run, carries the steps out with fence and key, and keeps the
 * records of deployments.
 */
export function targetDriver(parts: TargetDriverParts): RolloutDriver {
  const { clock, deployments } = parts;
  const open = async (
    {
      environment,
      release: { id },
    }: { readonly environment: string; readonly release: { readonly id: string } },
    scope: TenantScope,
  ): Promise<{ release: Release; target: Target }> => {
    const release = await parts.releaseOf(id, environment);
    return { release, target: await parts.targetFor(release, scope) };
  };
  return {
    async plan(request, scope, signal) {
      const { release, target } = await open(request, scope);
      signal.throwIfAborted();
      const state = await target.inspect(scope);
      const written = await deployments.read(scope);
      const deployment = reconcile(written, state, clock.now().toISOString());
      if (deployment !== written) await deployments.write(deployment);
      const fromRelease = await stableRelease(parts, deployment);
      refuseOtherType(fromRelease, release);
      return planTenant({
        request,
        tenant: scope.tenant,
        strategy: parseStrategy(request.strategy),
        release,
        fromRelease,
        deployment,
        state,
        hosts: target.hosts,
        hooks: parts.hooksOf(release),
      });
    },
    async act(request, step, effect) {
      const scope = { environment: effect.environment, tenant: effect.tenant };
      const { release, target } = await open(request, scope);
      return actOn(
        {
          target: target.fenced({ fence: effect.fence, key: effect.key }),
          payload: parts.payloadFor(release, scope),
          strategy: parseStrategy(request.strategy),
          hooks: parts.hooksOf(release),
          openGate: parts.openGate,
        },
        step,
        effect,
      );
    },
    begun: (request, plan) => recordBegun(deployments, request, plan, clock),
    ended: (request, plan, end) =>
      recordEnded(deployments, request, plan, end, clock, async (scope) =>
        (await open(request, scope)).target.inspect(scope),
      ),
  };
}

/** The release that is stable, or undefined where nothing is, or nobody has it any more. */
async function stableRelease(parts: TargetDriverParts, deployment: Deployment): Promise<Release | undefined> {
  const { current, environment } = deployment;
  if (current === null) return undefined;
  try {
    return await (parts.runningRelease ?? parts.releaseOf)(current.release, environment);
  } catch (error) {
    // What runs may no longer be kept, which must not keep it running for ever.
    if (isLotseError(error) && error.code.startsWith("release.")) return undefined;
    throw error;
  }
}

function refuseOtherType(from: Release | undefined, to: Release): void {
  if (from === undefined || from.target.type === to.target.type) return;
  throw new LotseError({
    code: "target.refused",
    message: `the tenant runs on a target of type ${from.target.type}, and the release is for ${to.target.type}`,
    hint: "stop what runs there first; a rollout does not lead from one type of target to another",
  });
}
