import type { RolloutStatus, StepStatus, TenantProgress } from "@lotse/engine";
import type { Context } from "../context.ts";
import { coloured, ms } from "./rollout.ts";

/** Tells on standard error what happens in a rollout, a line for each step, from one look to the next. */
export class RolloutReporter {
  readonly #context: Context;
  readonly #told = new Set<string>();
  #state = "";

  constructor(context: Context) {
    this.#context = context;
  }

  /** Tells what is new, and first of all how the rollout is called. */
  report(status: RolloutStatus): void {
    if (this.#state === "") this.#context.err(`rollout ${status.id}\n`);
    for (const [index, step] of status.steps.entries()) this.#step(step, index);
    for (const tenant of status.tenants) this.#tenant(tenant, status.run);
    if (status.state === this.#state) return;
    this.#state = status.state;
    const line = stateText(status);
    if (line !== undefined) this.#context.err(`${line}\n`);
  }

  #step(step: StepStatus, index: number): void {
    const { dim, bold } = this.#context.stderrColours;
    const line = this.#stepText(step);
    const at = step.endedAt ?? step.startedAt;
    if (line === undefined || at === null || !this.#isNew(`${index} ${step.tenant} ${step.name} ${line}`))
      return;
    this.#context.err(`${dim(at.slice(11, 23))} ${bold(step.tenant)} ${line}\n`);
  }

  #stepText(step: StepStatus): string | undefined {
    const { green, red, yellow, dim } = this.#context.stderrColours;
    const took =
      step.startedAt === null || step.endedAt === null
        ? 0
        : Date.parse(step.endedAt) - Date.parse(step.startedAt);
    const sign = step.kind === "undo" ? yellow("↩") : green("✓");
    const reason = step.error?.split("\n")[0];
    switch (step.state) {
      case "done":
        return `${sign} ${step.name} ${dim(ms(took))}${step.note === undefined ? "" : ` ${step.note}`}`;
      case "failed":
        return `${red("✗")} ${step.name}: ${reason ?? ""}`;
      case "running":
        return reason === undefined ? undefined : `${yellow("↻")} ${step.name} is tried again: ${reason}`;
      case "pending":
      case "skipped":
        return undefined;
      default:
        return step.state satisfies never;
    }
  }

  #tenant({ tenant, status }: TenantProgress, run: number): void {
    if (status === "pending" || status === "running") return;
    if (!this.#isNew(`tenant ${run} ${tenant} ${status}`)) return;
    const { bold } = this.#context.stderrColours;
    this.#context.err(`${bold(tenant)} ${coloured(status, this.#context.stderrColours)}\n`);
  }

  #isNew(line: string): boolean {
    if (this.#told.has(line)) return false;
    this.#told.add(line);
    return true;
  }
}

/** What somebody should know who waits for it. */
function stateText({ id, state, steps, reason }: RolloutStatus): string | undefined {
  const at = steps.find((step) => step.state === "running");
  switch (state) {
    case "waiting":
      return `${at?.tenant ?? ""} waits for the approval ${at?.name ?? ""}: lotse approve ${id}`;
    case "paused":
      return `paused: lotse resume ${id}`;
    case "stuck":
      return `stuck: ${reason ?? ""}; lotse retry ${id}, or lotse abort ${id}`;
    case "queued":
    case "running":
    case "aborting":
    case "deployed":
    case "failed":
    case "aborted":
      return undefined;
    default:
      return state satisfies never;
  }
}
