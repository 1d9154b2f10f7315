import type { TenantPlan } from "@lotse/core/release";
import { keyOf } from "../../rollout/keys.ts";

/** A step at which controllers are killed. */
export interface StepToStrike {
  readonly ordinal: number;
  readonly name: string;
  readonly kind: "act" | "wait" | "bookkeeping";
}

/** Where, by the kind of the step; `middle` and `waiting` are in the middle of it. */
const pointsOf = {
  act: ["step-begun", "middle", "effect-done", "step-acted", "step-ended", "step-recorded"],
  wait: ["step-begun", "waiting", "step-acted", "step-ended", "step-recorded"],
  bookkeeping: ["step-begun", "effect-done", "step-acted", "step-ended", "step-recorded"],
} as const;

/** A place to die, and the tenant whose rollout does. */
export interface Case {
  readonly tenant: string;
  readonly step: string;
  readonly point: string;
  /** As a `Fault` names it. */
  readonly place: string;
}

/** The steps of a plan that are struck: all of those that lead forward, or all that undo, and what is around. */
export function stepsToStrike({ steps, undo }: TenantPlan, undoOnly: boolean): readonly StepToStrike[] {
  const forward = steps.map(({ kind, name }, ordinal) => {
    return { ordinal, name, kind: kind === "act" ? ("act" as const) : ("wait" as const) };
  });
  const backward = undo.map(({ name }, at) => ({ ordinal: steps.length + at, name, kind: "act" as const }));
  const own = (ordinal: number, name: string): StepToStrike => ({ ordinal, name, kind: "bookkeeping" });
  const end = own(1_000_000, "end");
  return undoOnly ? [...backward, end] : [own(-2, "plan"), own(-1, "begin"), ...forward, end];
}

/** A rollout of its own for each place. @param round - part of the names */
export function casesOf(scene: string, steps: readonly StepToStrike[], round: string): readonly Case[] {
  return steps.flatMap(({ ordinal, name, kind }) =>
    pointsOf[kind].map((point) => {
      const tenant = `${scene}-${ordinal < 0 ? `m${-ordinal}` : ordinal}-${point}-${round}`;
      return { tenant, step: name, point, place: `${point} ${keyOf(tenant, 1, tenant, ordinal, name)}` };
    }),
  );
}
