import type { Check } from "../checks/check.ts";
import type { Framework } from "../frameworks/framework.ts";
import type { PolicyRun } from "../model.ts";
import { WaiverBook } from "../waivers/apply.ts";
import type { Waiver } from "../waivers/waiver.ts";
import { judgeScope, type JudgeContext } from "./judge-scope.ts";
import { VerdictMemo, type Judge } from "./memo.ts";
import { CheckPlanner } from "./plan.ts";
import type { PolicyScope } from "./scope.ts";
import { Tallies } from "./tally.ts";
import { Totals } from "./totals.ts";

/** What is judged, by what. */
export interface PolicyInput {
  readonly scopes: readonly PolicyScope[];
  readonly checks: readonly Check[];
  readonly frameworks: readonly Framework[];
  readonly waivers: readonly Waiver[];
  /** From approval to expiry of a waiver at most. @defaultValue 180 */
  readonly maxWaiverDays?: number | undefined;
  /** The moment of the run. */
  readonly at: Date;
  /** Whether an unknown fails, and a waiver of unknown author does not hold. @defaultValue false */
  readonly strict?: boolean | undefined;
  /** Only the checks of one framework, in the scopes that it applies to. */
  readonly framework?: string | undefined;
  /** @defaultValue a new {@link VerdictMemo} */
  readonly judge?: Judge | undefined;
  /** Plans and counts made before, by the same checks and frameworks. @defaultValue none */
  readonly made?: MadeBefore | undefined;
  /** Where a missing fact would come from, for messages. */
  readonly explainMissing?: ((name: string) => string) | undefined;
}

/** What a session keeps between runs. */
interface MadeBefore {
  readonly planner: CheckPlanner;
  readonly tallies: Tallies;
}

/** The longest that a waiver may hold where the workspace does not say. Days. */
export const defaultMaxWaiverDays = 180;

/**
 * Judges every scope. Pure: the same input gives the same run.
 *
 * @throws LotseError `policy.check` where a rule reads a fact that its check does not declare
 */
export function checkPolicy(input: PolicyInput): PolicyRun {
  const context = contextOf(input);
  const scopes = scopesUnder(input.scopes, input.framework);
  const judged = scopes.map((scope) => judgeScope(scope, context));
  const totals = new Totals();
  for (const { tally } of judged) totals.add(tally);
  return {
    summary: totals.summary(input.frameworks, { strict: input.strict ?? false, at: context.at }),
    results: judged.flatMap(({ results }) => results),
  };
}

/** What the scopes of an input are judged with. */
export function contextOf(input: Omit<PolicyInput, "scopes">): JudgeContext {
  const at = input.at.toISOString();
  const today = at.slice(0, 10);
  const rules = {
    maxDays: input.maxWaiverDays ?? defaultMaxWaiverDays,
    checks: new Set(input.checks.map(({ id }) => id)),
  };
  return {
    planner: input.made?.planner ?? new CheckPlanner(input.checks, input.frameworks, input.framework),
    judge: input.judge ?? new VerdictMemo(today, input.explainMissing ?? (() => "no source supplies it")),
    waivers: new WaiverBook(input.waivers, today, rules, input.strict ?? false),
    tallies: input.made?.tallies ?? new Tallies(),
    at,
  };
}

/** The scopes that a framework applies to; all where none is asked for. */
function scopesUnder(scopes: readonly PolicyScope[], framework: string | undefined): readonly PolicyScope[] {
  return framework === undefined ? scopes : scopes.filter(({ frameworks }) => frameworks.includes(framework));
}
