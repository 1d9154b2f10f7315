import type { Actor, ErrorCode } from "@lotse/core/kernel";
import type { Placement, PlanStep, RolloutRequest, TenantStatus } from "@lotse/core/release";

/**
 * Where a rollout stands. `queued`: another one of the tenant is before it; `paused`: somebody paused it;
 * `waiting`: somebody has to approve; `stuck`: a defect stopped it, its lock is kept, and `retry` or `abort`
 * go on. The last three never change again, except by `retry`.
 */
export type RolloutState =
  | "queued"
  | "running"
  | "paused"
  | "waiting"
  | "aborting"
  | "stuck"
  | "deployed"
  | "failed"
  | "aborted";

/** The states in which a rollout has come to its end. */
export const endStates: ReadonlySet<RolloutState> = new Set(["deployed", "failed", "aborted"]);

/** How a step went; what a driver throws becomes one. */
export type StepResult =
  | { readonly ok: true; readonly note?: string }
  | { readonly ok: false; readonly code: ErrorCode; readonly reason: string; readonly aborted: boolean };

/**
 * What kind of step: those of the plan, those that undo it, and what is written down around them, which is
 * shown only where it failed.
 */
export type StepKind = PlanStep["kind"] | "undo" | "bookkeeping";

/** A step as `status` shows it. Times are ISO 8601. */
export interface StepStatus {
  readonly tenant: string;
  readonly name: string;
  readonly kind: StepKind;
  /** `pending`: it is planned and will come; `skipped`: it was planned and will not come any more. */
  readonly state: "pending" | "running" | "done" | "failed" | "skipped";
  /** How often it was begun; more than once after a crash, and after a failure that may pass. */
  readonly attempts: number;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly error?: string;
  readonly note?: string;
}

/** How it ended for a tenant. */
export interface TenantOutcome {
  readonly status: TenantStatus;
  readonly code?: ErrorCode;
  readonly reason?: string;
}

/** How a tenant stands. */
export interface TenantProgress extends Omit<TenantOutcome, "status"> {
  readonly tenant: string;
  readonly status: TenantStatus | "pending" | "running";
  /** What it ran before; absent where that is nothing, or not known yet. */
  readonly from?: Placement;
  /** What it gets; absent until its turn has come. */
  readonly to?: Placement;
}

/** What is known about a rollout. */
export interface RolloutStatus {
  readonly id: string;
  readonly kind: RolloutRequest["kind"];
  readonly environment: string;
  readonly release: RolloutRequest["release"];
  /** The name of the strategy. */
  readonly strategy: string;
  readonly state: RolloutState;
  /** Counts from 1; each `retry` adds one. */
  readonly run: number;
  /** Grows with every change. */
  readonly revision: number;
  readonly actor: Actor;
  /** The steps that were begun, of all runs, and those that are still to come, tenant after tenant. */
  readonly steps: readonly StepStatus[];
  readonly tenants: readonly TenantProgress[];
  /** Why it is where it is, where that needs saying. */
  readonly reason: string | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}
