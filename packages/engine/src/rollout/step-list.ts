import type { RolloutRequest, TenantPlan } from "@lotse/core/release";
import type { StepKind, StepResult, StepStatus, TenantOutcome } from "./status.ts";

/** A step that was begun, as it is stored. */
export interface StepRow {
  readonly tenant: string;
  readonly run: number;
  readonly ordinal: number;
  readonly name: string;
  readonly kind: StepKind;
  readonly state: "running" | "done" | "failed";
  readonly attempts: number;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly result: StepResult | null;
  /** What the last try failed by, while it is tried again. */
  readonly error: string | null;
}

/** What {@link stepsOf} decides on. */
export interface StepFacts {
  readonly request: RolloutRequest;
  readonly run: number;
  readonly outcomes: Readonly<Record<string, TenantOutcome>>;
  /** Of the present run. */
  readonly plans: ReadonlyMap<string, TenantPlan>;
  /** Of all runs, by run and ordinal. */
  readonly begun: readonly StepRow[];
  readonly ended: boolean;
}

/** All steps that people should see: what was begun in any run, and what is planned in the present one. */
export function stepsOf(facts: StepFacts): readonly StepStatus[] {
  const byTenant = Map.groupBy(facts.begun.filter(isShown), ({ tenant }) => tenant);
  return facts.request.tenants.flatMap((tenant) => {
    const begun = byTenant.get(tenant) ?? [];
    const there = new Set(begun.filter(({ run }) => run === facts.run).map(({ ordinal }) => ordinal));
    const over = facts.ended || facts.outcomes[tenant] !== undefined;
    const undoing = begun.some(({ run, kind }) => run === facts.run && kind === "undo");
    const planned = (facts.plans.get(tenant)?.steps ?? []).flatMap((step, ordinal): Placed[] => {
      if (there.has(ordinal)) return [];
      const state = over || undoing ? "skipped" : "pending";
      const none = { attempts: 0, startedAt: null, endedAt: null };
      return [
        { run: facts.run, ordinal, status: { tenant, name: step.name, kind: step.kind, state, ...none } },
      ];
    });
    const shown = begun.map((row): Placed => ({ run: row.run, ordinal: row.ordinal, status: shownAs(row) }));
    return [...shown, ...planned]
      .sort((a, b) => a.run - b.run || a.ordinal - b.ordinal)
      .map(({ status }) => status);
  });
}

interface Placed {
  readonly run: number;
  readonly ordinal: number;
  readonly status: StepStatus;
}

/** What is written down around the steps is of interest only where it does not work. */
function isShown({ kind, result, error }: StepRow): boolean {
  return kind !== "bookkeeping" || error !== null || result?.ok === false;
}

function shownAs({ result, error, ...row }: StepRow): StepStatus {
  const { tenant, name, kind, state, attempts, startedAt, endedAt } = row;
  const step = { tenant, name, kind, state, attempts, startedAt, endedAt };
  if (result === null) return error === null ? step : { ...step, error };
  if (!result.ok) return { ...step, error: result.reason };
  return result.note === undefined ? step : { ...step, note: result.note };
}
