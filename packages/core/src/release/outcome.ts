import type { ErrorCode } from "../kernel/index.ts";
import type { Placement } from "./plan.ts";
import type { StepName } from "./strategies/strategy.ts";

/** A step of a plan, or of undoing it: `restore` gives the traffic back, `discard` removes the new colour. */
export type RunStepName = StepName | "restore" | "discard";

/** How one step went. */
export interface StepOutcome {
  readonly name: RunStepName;
  readonly state: "done" | "failed" | "skipped";
  /** ISO 8601; absent when it was skipped. */
  readonly startedAt?: string;
  readonly durationMs?: number;
  readonly error?: string;
}

/**
 * How it ended for one tenant. `rolled-back`: it failed and the earlier release has the traffic; `failed`: it
 * failed and there was no earlier release, or undoing failed too; `skipped`: a tenant before it failed.
 */
export type TenantStatus = "deployed" | "rolled-back" | "up-to-date" | "skipped" | "failed";

/** The outcome for one tenant. */
export interface TenantOutcome {
  readonly tenant: string;
  readonly status: TenantStatus;
  readonly release: Placement;
  readonly previous?: Placement;
  readonly code?: ErrorCode;
  readonly reason?: string;
  readonly durationMs: number;
  /** From the failure until the earlier release had all traffic again and the new one was gone. */
  readonly rollbackMs?: number;
  readonly steps: readonly StepOutcome[];
}

/** The outcome of a rollout. */
export interface Outcome {
  readonly rollout: string;
  readonly environment: string;
  readonly release: { readonly id: string; readonly version: string };
  readonly strategy: string;
  /** `interrupted`: stopped by the user, and undone. */
  readonly status: "deployed" | "failed" | "interrupted";
  readonly tenants: readonly TenantOutcome[];
}

/** What happens in a rollout, as it happens; `at` is ISO 8601. */
export type RolloutEvent = { readonly at: string; readonly tenant: string } & (
  | { readonly type: "tenant-started"; readonly steps: readonly StepName[] }
  | { readonly type: "step-started"; readonly step: RunStepName }
  | {
      readonly type: "step-finished";
      readonly step: RunStepName;
      readonly durationMs: number;
      readonly note?: string;
    }
  | { readonly type: "step-failed"; readonly step: RunStepName; readonly reason: string }
  | { readonly type: "undo-started"; readonly reason: string }
  | { readonly type: "tenant-finished"; readonly outcome: TenantOutcome }
);
