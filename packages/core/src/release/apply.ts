import {
  type Actor,
  type Clock,
  type ErrorCode,
  type HeldLock,
  isHeld,
  isLotseError,
  lockedBy,
  LotseError,
  tryLock,
} from "../kernel/index.ts";
import { reconcile, withHistory, type Deployment, type HistoryEntry } from "./deployment.ts";
import type { DeploymentStore } from "./deployments.ts";
import type { TenantScope } from "./names.ts";
import type { Outcome, RolloutEvent, TenantOutcome, TenantStatus } from "./outcome.ts";
import type { LegacyTenantPlan as TenantPlan, Plan } from "./legacy-plan.ts";
import type { Placement } from "./plan.ts";
import { actStep, reasonOf, StepRunner } from "./step-runner.ts";
import type { Payload, Target } from "./target.ts";
import { undo } from "./undo.ts";

/** What {@link applyRollout} works with. */
export interface ApplyPorts {
  readonly target: Target;
  readonly deployments: DeploymentStore;
  /** What to run for a tenant; see `payloadsOf`. */
  readonly payloadFor: (scope: TenantScope) => Payload;
  readonly clock: Clock;
  readonly actor: Actor;
  /** Aborting it undoes the tenant at work and leaves the rest alone. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: RolloutEvent) => void;
}

/**
 * Carries out a plan, tenant after tenant. A tenant that fails is put back to what it ran before, and those
 * after it stay as they are. The switch is the commit point: whoever dies before it has changed nothing for
 * the users, and the next rollout clears up.
 *
 * @returns how it ended; a failed rollout is an outcome, not an error
 * @throws LotseError before anything is touched: `rollout.locked` naming the owner, `rollout.stale` when a
 * tenant no longer runs what the plan goes from, `target.supervisor`
 */
export async function applyRollout(plan: Plan, ports: ApplyPorts): Promise<Outcome> {
  const locks = await lockAll(plan, ports);
  try {
    const before = await takeStock(plan, ports);
    const tenants: TenantOutcome[] = [];
    let stopped = false;
    for (const tenant of plan.tenants) {
      const aborted = ports.signal?.aborted === true;
      const deployment = before.get(tenant.tenant);
      if (stopped || aborted || deployment === undefined) tenants.push(untouched(tenant, "skipped"));
      else if (tenant.steps.length === 0) tenants.push(await tidy(plan, tenant, ports));
      else tenants.push(await applyTenant(plan, tenant, deployment, ports));
      const last = tenants.at(-1)?.status;
      stopped ||= last === "failed" || last === "rolled-back";
    }
    const { id: rollout, environment, release, strategy } = plan;
    return { rollout, environment, release, strategy, status: statusOf(tenants, ports), tenants };
  } finally {
    for (const lock of locks) await lock.release();
  }
}

function statusOf(tenants: readonly TenantOutcome[], { signal }: ApplyPorts): Outcome["status"] {
  const good = tenants.every(({ status }) => status === "deployed" || status === "up-to-date");
  if (good) return "deployed";
  return signal?.aborted === true ? "interrupted" : "failed";
}

/** All locks before anything is touched, so that a rollout is refused as a whole. */
async function lockAll(plan: Plan, ports: ApplyPorts): Promise<readonly HeldLock[]> {
  const held: HeldLock[] = [];
  try {
    for (const { tenant } of plan.tenants) {
      const scope = { environment: plan.environment, tenant };
      const path = ports.deployments.lockPath(scope);
      const holder = `rollout ${plan.id} by ${ports.actor.kind}:${ports.actor.id}`;
      const result = await tryLock({ path, holder, clock: ports.clock });
      if (!isHeld(result)) throw lockedBy(result, path, `${scope.environment}:${tenant}`);
      held.push(result);
    }
    return held;
  } catch (error) {
    for (const lock of held) await lock.release();
    throw error;
  }
}

/** Writes down what a dead predecessor did, and refuses a plan that no longer fits. */
async function takeStock(plan: Plan, ports: ApplyPorts): Promise<Map<string, Deployment>> {
  const all = new Map<string, Deployment>();
  for (const { tenant, from } of plan.tenants) {
    const scope = { environment: plan.environment, tenant };
    const written = await ports.deployments.read(scope);
    const state = await ports.target.inspect(scope);
    const deployment = reconcile(written, state, ports.clock.now().toISOString());
    if (!samePlacement(deployment.current, from)) throw stale(plan, tenant);
    if (deployment !== written) await ports.deployments.write(deployment);
    all.set(tenant, deployment);
  }
  return all;
}

function samePlacement(current: Deployment["current"], from: Placement | undefined): boolean {
  return current?.release === from?.release && current?.colour === from?.colour;
}

function stale(plan: Plan, tenant: string): LotseError {
  return new LotseError({
    code: "rollout.stale",
    message: `${plan.environment}:${tenant} no longer runs what rollout ${plan.id} was planned from`,
    hint: "plan again",
    retryable: true,
  });
}

function untouched(plan: TenantPlan, status: TenantStatus): TenantOutcome {
  const { tenant, to, from } = plan;
  return {
    tenant,
    status,
    release: to,
    ...(from === undefined ? {} : { previous: from }),
    durationMs: 0,
    steps: [],
  };
}

interface Failure {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly rollbackMs?: number;
}

async function applyTenant(
  plan: Plan,
  tenant: TenantPlan,
  before: Deployment,
  ports: ApplyPorts,
): Promise<TenantOutcome> {
  const runner = new StepRunner(tenant.tenant, ports.clock, ports.onEvent ?? (() => {}));
  const startedAt = runner.now();
  runner.emit({ type: "tenant-started", steps: tenant.steps.map(({ name }) => name) });
  const forward = await runForward(plan, tenant, before, runner, ports);
  let status: TenantStatus = "deployed";
  let failure = forward?.failure;
  if (forward?.undo === true) {
    const undone = await undo(runner, ports.target, plan.environment, tenant, forward.failure.reason);
    status = undone.ok && tenant.from !== undefined ? "rolled-back" : "failed";
    failure = { ...forward.failure, rollbackMs: undone.rollbackMs };
    if (undone.reason !== undefined)
      failure = { ...failure, reason: `${failure.reason}; and ${undone.reason}` };
  }
  const written = await writeEnd(before, tenant, status, failure?.reason, plan, ports);
  if (written !== undefined) failure = { code: "rollout.state", ...failure, reason: written };
  const outcome: TenantOutcome = {
    tenant: tenant.tenant,
    status,
    release: tenant.to,
    ...(tenant.from === undefined ? {} : { previous: tenant.from }),
    ...failure,
    durationMs: runner.now() - startedAt,
    steps: runner.steps,
  };
  runner.emit({ type: "tenant-finished", outcome });
  return outcome;
}

async function writePending(
  plan: Plan,
  { to }: TenantPlan,
  before: Deployment,
  ports: ApplyPorts,
): Promise<void> {
  const by = `${ports.actor.kind}:${ports.actor.id}`.slice(0, 256);
  const startedAt = ports.clock.now().toISOString();
  await ports.deployments.write({ ...before, pending: { rollout: plan.id, ...to, by, startedAt } });
}

/**
 * Runs the steps of the plan.
 *
 * @returns null when all went well. A failure after verify does not undo what works; only the user may still
 * stop it, until the old colour is retired.
 */
async function runForward(
  plan: Plan,
  tenant: TenantPlan,
  before: Deployment,
  runner: StepRunner,
  ports: ApplyPorts,
): Promise<{ readonly undo: boolean; readonly failure: Failure } | null> {
  const scope = { environment: plan.environment, tenant: tenant.tenant };
  const signal = ports.signal ?? new AbortController().signal;
  const payload = ports.payloadFor(scope);
  let result: { undo: boolean; failure: Failure } | null = null;
  let verified = false;
  for (const { name, colour } of tenant.steps) {
    if (result?.undo === true) {
      runner.skip(name);
      continue;
    }
    try {
      await runner.run(name, async () => {
        if (name !== "retire") signal.throwIfAborted();
        if (runner.steps.length === 0) await writePending(plan, tenant, before, ports);
        return actStep(ports.target, name, { ...scope, colour }, payload, signal);
      });
      verified ||= name === "verify";
    } catch (error) {
      const undoable = name !== "retire" && (signal.aborted || !verified);
      result = { undo: undoable, failure: failureOf(error, signal) };
    }
  }
  return result;
}

function failureOf(error: unknown, signal: AbortSignal): Failure {
  if (signal.aborted) return { code: "rollout.interrupted", reason: "the rollout was stopped" };
  return { code: isLotseError(error) ? error.code : "rollout.failed", reason: reasonOf(error) };
}

async function writeEnd(
  deployment: Deployment,
  { to }: TenantPlan,
  status: TenantStatus,
  reason: string | undefined,
  plan: Plan,
  ports: ApplyPorts,
): Promise<string | undefined> {
  const at = ports.clock.now().toISOString();
  const entry: HistoryEntry = {
    rollout: plan.id,
    ...to,
    status: status === "deployed" || status === "rolled-back" ? status : "failed",
    by: `${ports.actor.kind}:${ports.actor.id}`.slice(0, 256),
    at,
    ...(reason === undefined ? {} : { reason }),
  };
  const ended = { ...withHistory(deployment, entry), pending: null };
  try {
    if (status === "deployed") {
      await ports.deployments.write({ ...ended, current: { ...to, rollout: plan.id, since: at } });
    } else if (status === "rolled-back") {
      await ports.deployments.write(ended);
    } else {
      const scope = { environment: plan.environment, tenant: deployment.tenant };
      await ports.deployments.write(reconcile(ended, await ports.target.inspect(scope), at));
    }
    return undefined;
  } catch (error) {
    return `the outcome could not be written down: ${reasonOf(error)}${reason === undefined ? "" : `; ${reason}`}`;
  }
}

/** Removes what a dead predecessor left of a tenant that is up to date. */
async function tidy(plan: Plan, tenant: TenantPlan, ports: ApplyPorts): Promise<TenantOutcome> {
  const outcome = untouched(tenant, "up-to-date");
  const scope = { environment: plan.environment, tenant: tenant.tenant };
  try {
    const state = await ports.target.inspect(scope);
    for (const { colour } of state.colours) {
      if (colour !== state.active) await ports.target.retire({ ...scope, colour });
    }
    return outcome;
  } catch (error) {
    return { ...outcome, reason: `a leftover colour could not be removed: ${reasonOf(error)}` };
  }
}
