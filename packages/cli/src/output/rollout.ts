import type { PrintedRollout } from "@lotse/core/contract";
import type { PlanStep, RolloutRequest, TenantPlan } from "@lotse/core/release";
import type { RolloutStatus, StepStatus, TenantProgress } from "@lotse/engine";
import type { Colours } from "../context.ts";
import { table } from "./table.ts";

/** A plan as it is printed. */
export function printedPlan(request: RolloutRequest, tenants: readonly TenantPlan[]): object {
  const { id, environment, release, strategy } = request;
  return { id, environment, release, strategy: strategy.name, tenants };
}

/** Writes a plan for people. */
export function planText(request: RolloutRequest, tenants: readonly TenantPlan[]): string {
  const rows = tenants.map(({ tenant, from, to, steps }) => [
    tenant,
    from === undefined ? "nothing" : `${from.version} (${from.colour})`,
    `${to.version} (${to.colour})`,
    steps.length === 0 ? "up to date" : steps.map(planStepText).join(" → "),
  ]);
  const { id, release, environment, strategy } = request;
  return `rollout ${id}: ${release.version} to ${environment}, ${strategy.name}\n${table(["TENANT", "FROM", "TO", "STEPS"], rows)}`;
}

function planStepText(step: PlanStep): string {
  return step.kind === "pause" ? `${step.name} ${Math.round(step.durationMs / 1000)} s` : step.name;
}

/** A rollout as it is printed. */
export function printedRollout(status: RolloutStatus): PrintedRollout {
  const { id, kind, environment, release, strategy, state, run, actor, reason } = status;
  const { createdAt, startedAt, endedAt } = status;
  return {
    id,
    rollout: id,
    kind,
    environment,
    release: { ...release },
    strategy,
    state,
    status: endOf(status),
    run,
    by: `${actor.kind}:${actor.id}`,
    steps: status.steps.map((step) => ({ ...step })),
    tenants: status.tenants.map((tenant) => printedTenant(tenant, status.steps)),
    reason,
    createdAt,
    startedAt,
    endedAt,
  };
}

function endOf({ state }: RolloutStatus): PrintedRollout["status"] {
  if (state === "deployed" || state === "failed") return state;
  return state === "aborted" ? "interrupted" : null;
}

function printedTenant(
  { from, to, ...tenant }: TenantProgress,
  steps: readonly StepStatus[],
): PrintedRollout["tenants"][number] {
  const own = steps.filter((step) => step.tenant === tenant.tenant);
  const undone = own.filter(({ kind }) => kind === "undo");
  const failed = own.findLast(({ kind, state }) => kind !== "undo" && state === "failed");
  const rollbackMs = between(failed?.endedAt, lastEnd(undone));
  return {
    ...tenant,
    release: to === undefined ? null : { ...to },
    ...(from === undefined ? {} : { previous: { ...from } }),
    durationMs: between(own.find(({ startedAt }) => startedAt !== null)?.startedAt, lastEnd(own)),
    ...(rollbackMs === null ? {} : { rollbackMs }),
  };
}

function lastEnd(steps: readonly StepStatus[]): string | undefined {
  return steps
    .flatMap(({ endedAt }) => (endedAt === null ? [] : [endedAt]))
    .sort()
    .at(-1);
}

function between(from: string | null | undefined, to: string | undefined): number | null {
  return from === undefined || from === null || to === undefined ? null : Date.parse(to) - Date.parse(from);
}

/** Writes how a rollout ended for people. */
export function outcomeText(status: RolloutStatus, colours: Colours): string {
  const printed = printedRollout(status).tenants;
  const rows = printed.map((tenant) => [
    tenant.tenant,
    coloured(tenant.status, colours),
    tenant.previous?.version ?? (tenant.release === null ? "-" : "nothing"),
    tenant.release?.version ?? "-",
    ms(tenant.durationMs),
    tenant.rollbackMs === undefined ? "" : ms(tenant.rollbackMs),
  ]);
  const why = status.reason === null ? "" : `${status.reason}\n`;
  return (
    table(["TENANT", "OUTCOME", "BEFORE", "RELEASE", "TOOK", "ROLLED BACK IN"], rows) + reasons(status) + why
  );
}

/** Writes where a rollout stands for people: its steps, and those that are still to come. */
export function statusText(status: RolloutStatus, colours: Colours): string {
  const { id, release, environment, strategy, state, run } = status;
  const head = `rollout ${id}: ${release.version} to ${environment}, ${strategy}: ${coloured(state, colours)}${run > 1 ? `, run ${run}` : ""}\n`;
  const rows = status.steps.map((step) => [
    step.tenant,
    step.name,
    coloured(step.state, colours),
    step.attempts > 1 ? String(step.attempts) : "",
    step.endedAt === null || step.startedAt === null ? "" : ms(between(step.startedAt, step.endedAt)),
    (step.error ?? step.note ?? "").split("\n")[0] ?? "",
  ]);
  const waiting = status.tenants.filter(({ status: tenant }) => tenant === "pending").length;
  return [
    head,
    rows.length === 0 ? "" : table(["TENANT", "STEP", "STATE", "ATTEMPTS", "TOOK", ""], rows),
    waiting > 0 ? `${waiting} tenants to come\n` : "",
    reasons(status),
    status.reason === null ? "" : `${status.reason}\n`,
  ].join("");
}

/** Writes the rollouts that are under way for people. */
export function rolloutsText(rollouts: readonly RolloutStatus[]): string {
  if (rollouts.length === 0) return "no rollout is under way\n";
  return table(
    ["ROLLOUT", "ENVIRONMENT", "RELEASE", "STATE", "TENANTS", "BY", "SINCE"],
    rollouts.map(({ id, environment, release, state, tenants, actor, createdAt }) => [
      id,
      environment,
      release.version,
      state,
      String(tenants.length),
      `${actor.kind}:${actor.id}`,
      createdAt,
    ]),
  );
}

function reasons({ tenants }: RolloutStatus): string {
  return tenants
    .filter(({ reason }) => reason !== undefined)
    .map(({ tenant, reason }) => `${tenant}: ${reason}\n`)
    .join("");
}

/** A time for people. */
export function ms(time: number | null): string {
  return time === null ? "" : `${Math.round(time)} ms`;
}

const good: ReadonlySet<string> = new Set(["deployed", "up-to-date", "done"]);
const bad: ReadonlySet<string> = new Set(["failed", "rolled-back", "aborted", "stuck"]);
const dim: ReadonlySet<string> = new Set(["pending", "skipped"]);

/** A state in its colour. */
export function coloured(state: string, colours: Colours): string {
  if (good.has(state)) return colours.green(state);
  if (bad.has(state)) return colours.red(state);
  return dim.has(state) ? colours.dim(state) : colours.yellow(state);
}
