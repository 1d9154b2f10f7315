import type { Actor, ErrorCode } from "@lotse/core/kernel";

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

/** A step as `status` shows it. Times are ISO 8601. */
export interface StepStatus {
  readonly tenant: string;
  readonly name: string;
  readonly state: "running" | "done" | "failed";
  /** How often it was begun; more than once after a crash. */
  readonly attempts: number;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly error?: string;
  readonly note?: string;
}

/** How it ended, or stands, for a tenant. */
export type TenantState = "pending" | "running" | "deployed" | "rolled-back" | "failed" | "skipped";

/** The outcome for a tenant. */
export interface TenantOutcome {
  readonly state: Exclude<TenantState, "pending" | "running">;
  readonly code?: ErrorCode;
  readonly reason?: string;
}

/** What is known about a rollout. */
export interface RolloutStatus {
  readonly id: string;
  readonly environment: string;
  readonly release: { readonly id: string; readonly version: string };
  readonly state: RolloutState;
  /** Counts from 1; each `retry` adds one. */
  readonly run: number;
  /** Grows with every change. */
  readonly revision: number;
  readonly actor: Actor;
  /** The steps that were begun, of all runs, in their order. */
  readonly steps: readonly StepStatus[];
  readonly tenants: readonly {
    readonly tenant: string;
    readonly state: TenantState;
    readonly reason?: string;
  }[];
  /** Why it is where it is, where that needs saying. */
  readonly reason: string | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}
