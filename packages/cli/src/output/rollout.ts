import type { Outcome, Plan, RolloutEvent } from "@lotse/core/release";
import type { Colours, Context } from "../context.ts";
import { table } from "./table.ts";

/** Writes a plan for people. */
export function planText(plan: Plan): string {
  const rows = plan.tenants.map(({ tenant, from, to, steps }) => [
    tenant,
    from === undefined ? "nothing" : `${from.version} (${from.colour})`,
    `${to.version} (${to.colour})`,
    steps.length === 0 ? "up to date" : steps.map(({ name }) => name).join(" → "),
  ]);
  return `rollout ${plan.id}: ${plan.release.version} to ${plan.environment}, ${plan.strategy}\n${table(["TENANT", "FROM", "TO", "STEPS"], rows)}`;
}

/** Tells on standard error what a rollout is doing, a line for each step. */
export function rolloutReporter(context: Context): (event: RolloutEvent) => void {
  const colours = context.stderrColours;
  return (event) => {
    const line = eventText(event, colours);
    if (line !== undefined)
      context.err(`${colours.dim(event.at.slice(11, 23))} ${colours.bold(event.tenant)} ${line}\n`);
  };
}

function eventText(event: RolloutEvent, colours: Colours): string | undefined {
  switch (event.type) {
    case "tenant-started":
    case "step-started":
      return undefined;
    case "step-finished":
      return `${colours.green("✓")} ${event.step} ${colours.dim(`${Math.round(event.durationMs)} ms`)}${event.note === undefined ? "" : ` ${event.note}`}`;
    case "step-failed":
      return `${colours.red("✗")} ${event.step}: ${event.reason.split("\n")[0]}`;
    case "undo-started":
      return `${colours.yellow("↩")} undoing: ${event.reason.split("\n")[0]}`;
    case "tenant-finished":
      return `${event.outcome.status} ${colours.dim(`${Math.round(event.outcome.durationMs)} ms`)}`;
    default:
      return event satisfies never;
  }
}

/** Writes how a rollout ended for people. */
export function outcomeText(outcome: Outcome, colours: Colours): string {
  const rows = outcome.tenants.map((tenant) => [
    tenant.tenant,
    tenant.status === "deployed" || tenant.status === "up-to-date"
      ? colours.green(tenant.status)
      : colours.red(tenant.status),
    tenant.previous === undefined ? "nothing" : tenant.previous.version,
    tenant.release.version,
    `${Math.round(tenant.durationMs)} ms`,
    tenant.rollbackMs === undefined ? "" : `${Math.round(tenant.rollbackMs)} ms`,
  ]);
  const reasons = outcome.tenants
    .filter(({ reason }) => reason !== undefined)
    .map(({ tenant, reason }) => `${tenant}: ${reason}\n`)
    .join("");
  return table(["TENANT", "OUTCOME", "BEFORE", "RELEASE", "TOOK", "ROLLED BACK IN"], rows) + reasons;
}
