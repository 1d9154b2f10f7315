import { canonicalJson, digestOf } from "../../kernel/index.ts";
import {
  severities,
  statuses,
  type CheckResult,
  type RequirementReference,
  type Status,
  type StatusCounts,
} from "../model.ts";
import { placeText, scopeText } from "./text.ts";

/** Results that say the same of several scopes, as they do where scopes share the layer of a value. */
export interface ResultGroup {
  /** The first of them; the others differ in scope, snapshot, time and the frameworks of their tenants only. */
  readonly result: CheckResult;
  /** What it is evidence for in any of the scopes. */
  readonly requirements: readonly RequirementReference[];
  /** Every one of them, ordered by scope. */
  readonly members: readonly CheckResult[];
}

const byUrgency: Readonly<Record<Status, number>> = {
  fail: 0,
  unknown: 1,
  manual: 2,
  waived: 3,
  pass: 4,
  "not-applicable": 5,
};

/** Compares texts by their UTF-16 code units, the same on every machine. */
export function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Orders results: what wants attention first, then by severity, check and scope. */
function compareResults(left: CheckResult, right: CheckResult): number {
  return (
    byUrgency[left.status] - byUrgency[right.status] ||
    severities.indexOf(left.severity) - severities.indexOf(right.severity) ||
    compare(left.check, right.check) ||
    compare(scopeText(left), scopeText(right))
  );
}

/** Whether a result wants somebody to do something, or to know that somebody accepted it. */
export function isFinding({ status }: CheckResult): boolean {
  return status !== "pass" && status !== "not-applicable";
}

/** Puts results together that say the same of several scopes, in the order of {@link compareResults}. */
export function groupResults(results: readonly CheckResult[]): readonly ResultGroup[] {
  const groups = new Map<string, CheckResult[]>();
  for (const result of [...results].sort(compareResults)) {
    const key = contentKey(result);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [result]);
    else group.push(result);
  }
  return [...groups.values()].flatMap((members) => {
    const result = members[0];
    return result === undefined ? [] : [{ result, members, requirements: unitedRequirements(members) }];
  });
}

/** The requirements of several results, each once, ordered by framework and then as the frameworks have them. */
export function unitedRequirements(results: readonly CheckResult[]): readonly RequirementReference[] {
  const found = new Map<string, RequirementReference>();
  for (const { requirements } of results) {
    for (const one of requirements) {
      const key = JSON.stringify([one.framework, one.id]);
      if (!found.has(key)) found.set(key, one);
    }
  }
  return [...found.values()].sort((left, right) => compare(left.framework, right.framework));
}

function contentKey(result: CheckResult): string {
  const { check, status, severity, message, remedy, waiver } = result;
  const evidence = result.evidence.map((one) => [
    one.fact,
    one.path,
    one.valueHash ?? "",
    one.layer ?? "",
    placeText(one),
  ]);
  return JSON.stringify([check, status, severity, message, remedy, waiver, evidence]);
}

/** How many results have each status. */
export function countStatuses(results: readonly CheckResult[]): StatusCounts {
  const counts = Object.fromEntries(statuses.map((status) => [status, 0])) as Record<Status, number>;
  for (const { status } of results) counts[status]++;
  return counts;
}

/** A name for a result that stays the same from run to run, whatever lines move: 64 hexadecimal digits. */
export function fingerprintOf({ check, environment, tenant }: CheckResult): string {
  return digestOf(canonicalJson({ check, environment, tenant }));
}
