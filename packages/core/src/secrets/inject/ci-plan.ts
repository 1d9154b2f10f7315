import type { Diagnostic } from "../../kernel/index.ts";

/** One variable of a CI system as it would be set. There is no value in it. */
export interface CiStep {
  readonly name: string;
  /** GitHub keeps secrets and variables apart; GitLab has variables that may be masked. */
  readonly kind: "secret" | "variable";
  /** Whether the system hides the value in job logs. */
  readonly masked: boolean;
  /** Whether only protected branches and tags get it. GitHub says that per environment, so it is null there. */
  readonly protected: boolean | null;
  /** The deployment environment; `*` or null where it is for all. */
  readonly environment: string | null;
  /** The command that sets it, as an argument array. It reads the value from its standard input. */
  readonly command: readonly string[];
}

/** What would be set in a CI system: a value to be printed and approved. */
export interface CiPlan {
  readonly system: "github" | "gitlab";
  readonly steps: readonly CiStep[];
  /** What will not be as one might think, such as a secret that cannot be masked. */
  readonly warnings: readonly Diagnostic[];
}

/** The plan as lines for a terminal: what, how it is kept, and the command. */
export function describeCiPlan(plan: CiPlan): readonly string[] {
  const lines = plan.steps.flatMap((step) => [
    `${step.kind} ${step.name} (${traits(step).join(", ")})`,
    `  ${step.command.map(forDisplay).join(" ")}   # value from standard input`,
  ]);
  return [...lines, ...plan.warnings.map(({ message }) => `warning: ${message}`)];
}

function traits(step: CiStep): readonly string[] {
  return [
    step.masked ? "masked" : "not masked",
    ...(step.protected === null ? [] : [step.protected ? "protected" : "not protected"]),
    step.environment === null || step.environment === "*"
      ? "all environments"
      : `environment ${step.environment}`,
  ];
}

/** Quotes an argument, so that a printed command can be copied into a shell. */
function forDisplay(argument: string): string {
  return /^[A-Za-z0-9_./:@%+=,-]+$/u.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}
