import { LotseError } from "../kernel/index.ts";
import type { Deployment } from "./deployment.ts";
import { checkScope, otherColour } from "./names.ts";
import { tenantPartOf, type Release } from "./release.ts";
import { defaultStrategy, strategyOf } from "./strategies/index.ts";
import { legacyBlueGreen } from "./legacy-strategy.ts";
import type { Placement } from "./plan.ts";
import type { PlannedStep } from "./strategies/strategy.ts";

/** What a rollout will do to one tenant; no steps mean that it is up to date. */
export interface LegacyTenantPlan {
  readonly tenant: string;
  readonly from?: Placement;
  readonly to: Placement;
  readonly steps: readonly PlannedStep[];
}

/** A rollout before it happens: a plain value that can be printed, compared and approved. */
export interface Plan {
  readonly id: string;
  readonly environment: string;
  readonly release: { readonly id: string; readonly version: string };
  readonly strategy: string;
  readonly tenants: readonly LegacyTenantPlan[];
}

/** What {@link planRollout} decides on. */
export interface PlanInput {
  /** The id of the rollout, chosen by the caller. */
  readonly id: string;
  readonly release: Release;
  readonly environment: string;
  /** In the order in which they shall be deployed. */
  readonly tenants: readonly string[];
  /** @defaultValue `blue-green` */
  readonly strategy?: string | undefined;
  /** What each tenant runs at present, one entry a tenant at most; those without entry run nothing. */
  readonly deployments: readonly Deployment[];
  /** Whether tenants that run this release already get it again. @defaultValue false */
  readonly force?: boolean | undefined;
}

/**
 * Plans a rollout. Pure: the same input gives the same plan.
 *
 * @throws LotseError `usage.unknown-strategy`, `usage.argument` when no tenant or one twice is named,
 * `rollout.not-in-release` when the release holds nothing for one of them
 */
export function planRollout(input: PlanInput): Plan {
  const { release, environment } = input;
  const name = input.strategy ?? defaultStrategy;
  strategyOf(name);
  checkTenants(input.tenants);
  const tenants = input.tenants.map((tenant): LegacyTenantPlan => {
    tenantPartOf(release, checkScope({ environment, tenant }));
    const from = input.deployments.find(
      (deployment) => deployment.environment === environment && deployment.tenant === tenant,
    )?.current;
    const before = from === undefined || from === null ? undefined : placementOf(from);
    const upToDate = before?.release === release.id && input.force !== true;
    const colour = before === undefined ? "blue" : upToDate ? before.colour : otherColour(before.colour);
    return {
      tenant,
      ...(before === undefined ? {} : { from: before }),
      to: { release: release.id, version: release.version, colour },
      steps: upToDate ? [] : legacyBlueGreen(before?.colour, colour),
    };
  });
  return {
    id: input.id,
    environment,
    release: { id: release.id, version: release.version },
    strategy: name,
    tenants,
  };
}

function placementOf({ release, version, colour }: Placement): Placement {
  return { release, version, colour };
}

function checkTenants(tenants: readonly string[]): void {
  const twice = tenants.find((tenant, index) => tenants.indexOf(tenant) !== index);
  if (tenants.length > 0 && twice === undefined) return;
  throw new LotseError({
    code: "usage.argument",
    message: twice === undefined ? "no tenant is named" : `tenant ${twice} is named twice`,
  });
}
