import type { Colour } from "../names.ts";
import type { Action, ActStep, PlanStep, StepInput } from "../step.ts";
import { allTo, shareFor } from "../weights.ts";
import { durationMs } from "./duration.ts";
import type { Stage } from "./definition.ts";
import type { StrategyInput } from "./strategy.ts";

/** What may be said of a step beside its action. */
export interface StepOptions extends Partial<Omit<StepInput, "release" | "previous">> {
  /** @defaultValue that of the action */
  readonly name?: string;
  readonly onFailure?: ActStep["onFailure"];
  readonly abortable?: boolean;
}

/** Makes the steps of one tenant's plan. */
export class Steps {
  readonly #input: StrategyInput;

  constructor(input: StrategyInput) {
    this.#input = input;
  }

  /** A step that does something, in the new release's colour where no other is named. */
  act(action: Action, { name, onFailure, abortable, ...input }: StepOptions = {}): ActStep {
    const { release, to, from } = this.#input;
    return {
      kind: "act",
      name: name ?? action,
      action,
      input: { colour: to, release, previous: from, ...input },
      onFailure: onFailure ?? "undo",
      abortable: abortable ?? true,
    };
  }

  /** Brings the new release up without traffic; what is there already is only asked whether it is healthy. */
  bringUp(more: StepOptions = {}): readonly PlanStep[] {
    const { present } = this.#input;
    return [
      ...(present === "no" ? [this.act("prepare", more)] : []),
      ...(present === "running" ? [] : [this.act("start", more)]),
      this.act("wait-healthy", more),
    ];
  }

  /** All traffic to the new release. */
  switchAll(more: StepOptions = {}): ActStep {
    return this.act("route", { name: "switch", weights: allTo(this.#input.to), ...more });
  }

  /** Ends the old release on some hosts before the new one starts there. */
  takeOut(colour: Colour, more: StepOptions = {}): readonly PlanStep[] {
    return [
      this.act("route", { name: "take-out", weights: allTo(null), ...more }),
      this.act("drain", { ...more, colour }),
      this.act("stop", { ...more, colour }),
    ];
  }

  /** One of the steps that a strategy file writes down. */
  stage(stage: Stage): readonly PlanStep[] {
    if ("pause" in stage) return [{ kind: "pause", name: "pause", durationMs: durationMs(stage.pause) }];
    if ("approval" in stage) return [{ kind: "approval", name: `approval.${stage.approval}` }];
    if ("gate" in stage) return [this.gate(stage.gate)];
    return this.#weight(stage.weight);
  }

  /** A gate of the strategy. */
  gate(gate: string): ActStep {
    return this.act("gate", { name: `gate.${gate}`, gate });
  }

  #weight(weight: number): readonly PlanStep[] {
    const { to, hosts, served, definition } = this.#input;
    if (weight === 100) return [this.switchAll()];
    const some = served.length === hosts.length ? {} : { hosts: [...served] };
    return [
      this.act("route", {
        name: `weight.${weight}`,
        weights: shareFor(to, weight),
        sticky: definition.sticky,
        ...some,
      }),
    ];
  }
}

/** Gives steps of the same name numbers, so that each has a name of its own. */
export function numbered<T extends PlanStep>(steps: readonly T[]): readonly T[] {
  const total = Map.groupBy(steps, ({ name }) => name);
  const seen = new Map<string, number>();
  return steps.map((step) => {
    if ((total.get(step.name)?.length ?? 0) < 2) return step;
    const at = (seen.get(step.name) ?? 0) + 1;
    seen.set(step.name, at);
    return { ...step, name: `${step.name}.${at}` };
  });
}
