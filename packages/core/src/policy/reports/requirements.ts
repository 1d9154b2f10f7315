import type { CheckResult, PolicyRun, RequirementReference } from "../model.ts";
import { compare } from "./order.ts";
import { scopeText } from "./text.ts";

/** A requirement with everything that the run says of it. */
export interface RequirementResults {
  readonly requirement: RequirementReference;
  readonly results: readonly CheckResult[];
  /** Whether every check of it passes, is waived or does not apply, in every scope. */
  readonly evidenced: boolean;
}

/** What one scope has of one framework. */
export interface Cell {
  readonly checkable: number;
  readonly evidenced: number;
  readonly failing: number;
  readonly unknown: number;
}

/** One scope's row: a cell for each framework that applies to it. */
export interface ScopeRow {
  readonly scope: string;
  readonly environment: string;
  readonly tenant: string | null;
  readonly cells: ReadonlyMap<string, Cell>;
  readonly failing: number;
  readonly unknown: number;
}

/** Whether a result leaves its requirements evidenced. */
function isEvidence({ status }: CheckResult): boolean {
  return status === "pass" || status === "waived" || status === "not-applicable";
}

/** What the run says of every requirement, ordered by framework and id. */
export function requirementsOf(results: readonly CheckResult[]): readonly RequirementResults[] {
  const found = new Map<string, { requirement: RequirementReference; results: CheckResult[] }>();
  for (const result of results) {
    for (const requirement of result.requirements) {
      const key = JSON.stringify([requirement.framework, requirement.id]);
      const entry = found.get(key) ?? { requirement, results: [] };
      entry.results.push(result);
      found.set(key, entry);
    }
  }
  return [...found.values()]
    .map((entry) => ({ ...entry, evidenced: entry.results.every(isEvidence) }))
    .sort(
      (left, right) =>
        compare(left.requirement.framework, right.requirement.framework) ||
        natural.compare(left.requirement.id, right.requirement.id) ||
        compare(left.requirement.id, right.requirement.id),
    );
}

// 8.6.2 stands before 8.10, as in the standards.
const natural = new Intl.Collator("en", { numeric: true });

/** The matrix of scopes and frameworks, the scopes with most failures first. */
export function scopeRows(run: PolicyRun): readonly ScopeRow[] {
  const byScope = new Map<string, CheckResult[]>();
  for (const result of run.results) {
    const scope = scopeText(result);
    const list = byScope.get(scope);
    if (list === undefined) byScope.set(scope, [result]);
    else list.push(result);
  }
  return [...byScope]
    .map(([scope, results]) => rowOf(scope, results))
    .sort(
      (left, right) =>
        right.failing - left.failing || right.unknown - left.unknown || compare(left.scope, right.scope),
    );
}

function rowOf(scope: string, results: readonly CheckResult[]): ScopeRow {
  const cells = new Map<string, { checkable: number; evidenced: number; failing: number; unknown: number }>();
  for (const { requirement, results: own, evidenced } of requirementsOf(results)) {
    const cell = cells.get(requirement.framework) ?? { checkable: 0, evidenced: 0, failing: 0, unknown: 0 };
    cell.checkable++;
    if (evidenced) cell.evidenced++;
    else if (own.some(({ status }) => status === "fail")) cell.failing++;
    else cell.unknown++;
    cells.set(requirement.framework, cell);
  }
  const first = results[0];
  return {
    scope,
    environment: first?.environment ?? scope,
    tenant: first?.tenant ?? null,
    cells,
    failing: results.filter(({ status }) => status === "fail").length,
    unknown: results.filter(({ status }) => status === "unknown" || status === "manual").length,
  };
}
