import { z } from "zod";
import { LotseError } from "../kernel/index.ts";
import type { Deployment } from "./deployment.ts";
import { wayBack, type MigrationBearer } from "./migrations/way-back.ts";
import { checkScope, colours, colourSchema, nameSchema, otherColour, type Colour } from "./names.ts";
import { tenantPartOf, type Release } from "./release.ts";
import type { RolloutRequest } from "./request.ts";
import { actSchema, stepSchema, type PlanStep } from "./step.ts";
import type { StrategyDefinition } from "./strategies/definition.ts";
import { finish } from "./strategies/finish.ts";
import { withHooks, type Hooks } from "./strategies/hooks.ts";
import { strategies } from "./strategies/index.ts";
import { numbered, Steps } from "./strategies/steps.ts";
import type { StrategyInput } from "./strategies/strategy.ts";
import { undoSteps } from "./strategies/undo.ts";
import type { ColourState, TargetState } from "./target.ts";
import { allTo, isSplit } from "./weights.ts";

const placementSchema = z.strictObject({
  release: z.string().min(1).max(128),
  version: z.string().min(1).max(256),
  colour: colourSchema,
});

/** The schema of {@link TenantPlan}. */
export const tenantPlanSchema = z.strictObject({
  tenant: nameSchema,
  /** What is stable: what last had all traffic for good. Absent where nothing is. */
  from: placementSchema.optional(),
  to: placementSchema,
  /** None: it is up to date. */
  steps: z.array(stepSchema).max(20_000),
  /** What undoes the tenant, wherever it broke off. */
  undo: z.array(actSchema).max(100),
});

/** A release in a colour. */
export type Placement = Readonly<z.infer<typeof placementSchema>>;

/** What a rollout will do to one tenant, as data; no steps mean that it is up to date. */
export type TenantPlan = z.infer<typeof tenantPlanSchema>;

/** What {@link planTenant} decides on. */
export interface TenantPlanInput {
  readonly request: RolloutRequest;
  readonly tenant: string;
  readonly strategy: StrategyDefinition;
  readonly release: Release;
  /** The stable release, where it is still there: decides whether there is a way back to it. */
  readonly fromRelease?: MigrationBearer | undefined;
  /** What is written down, brought in line with the target by `reconcile`. */
  readonly deployment: Deployment;
  readonly state: TargetState;
  /** Every host of the target, in order. */
  readonly hosts: readonly string[];
  /** The commands that belong to rollouts of this release. */
  readonly hooks: Hooks;
}

/**
 * Plans what a rollout does to one tenant, from what it runs at present. Pure: the same input gives the same plan.
 *
 * @throws LotseError `rollout.not-in-release`; `rollout.irreversible` when no way leads back and nobody accepted
 * that; `target.host` when a host does not answer, so that nothing is begun that cannot be finished
 */
export function planTenant(input: TenantPlanInput): TenantPlan {
  const { request, release, tenant, state, strategy, hosts } = input;
  const scope = checkScope({ environment: request.environment, tenant });
  tenantPartOf(release, scope);
  refuseUnreachable(state);
  const from = stableOf(input);
  const onHosts = from === null ? [] : statesOf(state, from.colour, hosts);
  const to = { release: release.id, version: release.version };
  const before = from === null ? {} : { from };
  if (from !== null && !request.force && isUpToDate(input, from, onHosts)) {
    return { tenant, ...before, to: { ...to, colour: from.colour }, steps: [], undo: [] };
  }
  refuseNoWayBack(input, from);
  const colour = from === null ? freeColour(state) : otherColour(from.colour);
  const plan: StrategyInput = {
    definition: strategy,
    release: release.id,
    from: from?.colour ?? null,
    to: colour,
    hosts,
    served: onHosts.filter(takesRequests).map(({ host }) => host),
    present: request.force ? "no" : presentIn(statesOf(state, colour, hosts), release.id, hosts),
  };
  const steps = [...settle(plan, state), ...strategies[strategy.strategy](plan), ...finish(plan)];
  const places = { hooks: input.hooks, release: release.id, from: plan.from, to: colour, hosts };
  return {
    tenant,
    ...before,
    to: { ...to, colour },
    steps: [...numbered(withHooks(steps, places))],
    undo: [...numbered(withHooks(undoSteps(plan), places))].filter((step) => step.kind === "act"),
  };
}

/** What is stable by the record; where that says nothing while requests are split, what gets most of them. */
function stableOf({ deployment, state }: TenantPlanInput): Placement | null {
  const { current } = deployment;
  if (current !== null) return { release: current.release, version: current.version, colour: current.colour };
  if (!isSplit(state.traffic)) return null;
  const share = (colour: Colour): number =>
    Object.values(state.traffic).reduce((sum, weights) => sum + weights[colour], 0);
  const colour: Colour = share("green") > share("blue") ? "green" : "blue";
  const found = state.colours.find((candidate) => candidate.colour === colour);
  return found === undefined ? null : { release: found.release, version: found.version, colour };
}

function freeColour(state: TargetState): Colour {
  const isFree = (colour: Colour): boolean =>
    Object.values(state.traffic).every((weights) => weights[colour] === 0);
  return colours.find((colour) => isFree(colour)) ?? "blue";
}

function statesOf(state: TargetState, colour: Colour, hosts: readonly string[]): readonly ColourState[] {
  return state.colours.filter((candidate) => candidate.colour === colour && hosts.includes(candidate.host));
}

/** Also while a crashed process is about to be started again: what keeps it up does so by itself. */
function takesRequests({ state }: ColourState): boolean {
  return state === "running" || state === "backing-off";
}

function isUpToDate(
  { release, state, hosts }: TenantPlanInput,
  from: Placement,
  on: readonly ColourState[],
): boolean {
  if (from.release !== release.id || on.length !== hosts.length) return false;
  const whole = hosts.every((host) => state.traffic[host]?.[from.colour] === 100);
  return whole && on.every((found) => found.release === release.id && found.state === "running");
}

/** Whether a colour holds a release on every host, so that it need not be put in place again. */
function presentIn(
  found: readonly ColourState[],
  release: string,
  hosts: readonly string[],
): StrategyInput["present"] {
  if (found.length !== hosts.length || found.some((state) => state.release !== release)) return "no";
  if (found.every(({ state }) => state === "running")) return "running";
  return found.every(({ state }) => state === "running" || state === "stopped") ? "stopped" : "no";
}

/**
 * Takes requests away from the colour that is about to be replaced: a canary, or what a rollout that could not be
 * undone left. They go to the stable release where it takes any.
 */
function settle(plan: StrategyInput, state: TargetState): readonly PlanStep[] {
  const taken = plan.hosts.filter((host) => (state.traffic[host]?.[plan.to] ?? 0) > 0);
  if (taken.length === 0) return [];
  const steps = new Steps(plan);
  const back = taken.filter((host) => plan.served.includes(host));
  const out = taken.filter((host) => !plan.served.includes(host));
  return [
    ...(back.length === 0
      ? []
      : [steps.act("route", { name: "settle", weights: allTo(plan.from), hosts: [...back] })]),
    ...(out.length === 0
      ? []
      : [steps.act("route", { name: "settle-out", weights: allTo(null), hosts: [...out] })]),
    steps.act("drain", { name: "settle-drain", onFailure: "continue" }),
  ];
}

function refuseUnreachable({ unreachable }: TargetState): void {
  const [first] = Object.entries(unreachable);
  if (first === undefined) return;
  throw new LotseError({
    code: "target.host",
    message: `${Object.keys(unreachable).join(", ")} cannot be reached: ${first[1]}`,
    hint: "bring the host back, or take it out of the target and make a new release",
    retryable: true,
  });
}

function refuseNoWayBack({ request, release, fromRelease }: TenantPlanInput, from: Placement | null): void {
  if (from === null || request.acceptIrreversible) return;
  // A release that nobody has any more may lack each of the other one's migrations.
  const way = wayBack(fromRelease ?? { version: from.version }, release);
  if (way.ok) return;
  const unknown = fromRelease === undefined ? ` (nothing tells which migrations ${from.version} has)` : "";
  throw new LotseError({
    code: "rollout.irreversible",
    message: `between ${from.version} and ${release.version} lies ${way.irreversible.join(", ")}, which cannot be undone${unknown}`,
    hint: "there would be no rollback past it; --accept-irreversible goes on all the same",
  });
}
