import type { Colour } from "../names.ts";

/** What a rollout does to one tenant, in the order in which a strategy puts it. */
export const stepNames = ["prepare", "start", "wait-healthy", "switch", "verify", "drain", "retire"] as const;

/** One of {@link stepNames}. */
export type StepName = (typeof stepNames)[number];

/** A step of a plan and the colour it acts on. */
export interface PlannedStep {
  readonly name: StepName;
  readonly colour: Colour;
}

/**
 * A way to replace one release by another. Pure: it puts the steps in order and nothing else.
 * `from` is absent when nothing runs yet.
 */
export type Strategy = (colours: {
  readonly from?: Colour | undefined;
  readonly to: Colour;
}) => readonly PlannedStep[];
