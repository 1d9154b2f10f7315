import { suggest } from "../config/index.ts";
import { LotseError } from "../kernel/index.ts";
import type { Check } from "./checks/check.ts";
import { definitionOf, factPaths } from "./facts/catalogue.ts";
import type { FactValues } from "./facts/fact.ts";
import type { CheckSeverity } from "./model.ts";
import type { PolicyRules } from "./rules.ts";
import { ownPaths } from "./settings.ts";

/** A fact of a check, and where it comes from in this workspace. */
interface ExplainedFact {
  readonly name: string;
  readonly title: string;
  /** Whether there is no verdict without it. */
  readonly required: boolean;
  /** The configuration paths that are asked in turn; empty for a fact from elsewhere. */
  readonly paths: readonly string[];
  /** Who supplies it where no path does. */
  readonly source: string;
}

/** A requirement that a check is evidence for, in words. */
interface ExplainedRequirement {
  readonly framework: string;
  readonly id: string;
  readonly title: string;
  readonly tentative: boolean;
}

/** Everything about one check. */
export interface ExplainedCheck {
  readonly check: string;
  /** Its row in the table of docs/policy.md; null for others. */
  readonly number: number | null;
  readonly title: string;
  readonly severity: CheckSeverity;
  readonly why: string;
  readonly remedy: string;
  readonly facts: readonly ExplainedFact[];
  readonly requirements: readonly ExplainedRequirement[];
  /** The profiles that run it whatever frameworks apply. */
  readonly profiles: readonly string[];
  readonly examples: { readonly pass: FactValues; readonly fail: FactValues };
}

/**
 * Explains a check.
 *
 * @param name - its id, or its number
 * @throws LotseError `policy.check` where there is none
 */
export function explainCheck(rules: PolicyRules, name: string): ExplainedCheck {
  const check = rules.checks.find(({ id, number }) => id === name || String(number) === name);
  if (check === undefined) {
    throw new LotseError({
      code: "policy.check",
      message: `there is no check ${name.slice(0, 100)}`,
      hint: suggest(
        name,
        rules.checks.map(({ id }) => id),
      ),
    });
  }
  const paths = factPaths(ownPaths(rules.settings));
  const { id, number, title, severity, why, remedy, examples } = check;
  return {
    check: id,
    number: number ?? null,
    title,
    severity,
    why,
    remedy,
    facts: [
      ...check.facts.map((fact) => explainedFact(fact, true, paths)),
      ...(check.optional ?? []).map((fact) => explainedFact(fact, false, paths)),
    ],
    requirements: requirementsOf(check, rules),
    profiles: rules.profiles.filter((profile) => profile.checks.includes(id)).map((profile) => profile.id),
    examples,
  };
}

function explainedFact(
  name: string,
  required: boolean,
  own: ReadonlyMap<string, readonly string[]>,
): ExplainedFact {
  const definition = definitionOf(name);
  const paths = own.get(name) ?? definition?.paths ?? [];
  return {
    name,
    title: definition?.title ?? name,
    required,
    paths,
    source: paths.length > 0 ? "configuration" : (definition?.source ?? "none"),
  };
}

function requirementsOf(check: Check, { frameworks }: PolicyRules): readonly ExplainedRequirement[] {
  return frameworks.flatMap((framework) =>
    framework.requirements
      .filter(({ checks }) => checks.includes(check.id))
      .map(({ id, title, tentative }) => ({ framework: framework.id, id, title, tentative })),
  );
}
