import type { FactValues } from "../facts/fact.ts";
import type { CheckSeverity } from "../model.ts";
import type { FactView } from "./reader.ts";
import type { Verdict } from "./verdict.ts";

/**
 * One check: facts that it reads, and a rule that says what they mean. Frameworks name it as evidence; it
 * knows nothing of them. A team's module exports one as `default`.
 */
export interface Check {
  /** Kebab-case, unique, and never reused for something else: waivers and reports name it. */
  readonly id: string;
  /** Its row in the table of docs/policy.md; a team's check has none. */
  readonly number?: number;
  /** What holds when it passes. */
  readonly title: string;
  readonly severity: CheckSeverity;
  /** Why it matters, in a sentence or two. */
  readonly why: string;
  /** What to do when it fails. */
  readonly remedy: string;
  /** The facts without which there is no verdict; `config:PATH` reads a configuration path directly. */
  readonly facts: readonly string[];
  /** Facts that the rule takes into account where they are known. @defaultValue none */
  readonly optional?: readonly string[];
  /** The rule: a pure function of the facts and of the day. */
  readonly rule: (facts: FactView) => Verdict;
  /** The least that passes, and something that fails; tests and `policy explain` use both. */
  readonly examples: { readonly pass: FactValues; readonly fail: FactValues };
}
