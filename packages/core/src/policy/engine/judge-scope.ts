import type { CheckResult, Evidence, Status } from "../model.ts";
import type { WaiverBook } from "../waivers/apply.ts";
import type { Judge, SharedVerdict } from "./memo.ts";
import type { CheckPlanner, PlannedCheck } from "./plan.ts";
import type { PolicyScope } from "./scope.ts";
import type { ScopeTally, Tallies } from "./tally.ts";

/** What every scope of a run is judged with. */
export interface JudgeContext {
  readonly planner: CheckPlanner;
  readonly judge: Judge;
  readonly waivers: WaiverBook;
  readonly tallies: Tallies;
  /** The moment of the run, ISO 8601 in UTC. */
  readonly at: string;
}

/** The results of one scope, and what they add to the summary. */
export interface ScopeJudgement {
  readonly results: readonly CheckResult[];
  readonly tally: ScopeTally;
}

/** Judges one scope: every check that applies to it, in the order of the checks. */
export function judgeScope(scope: PolicyScope, context: JudgeContext): ScopeJudgement {
  const plan = context.planner.planOf(scope.profile, scope.frameworks, scope.undescribed);
  const results = plan.map((planned) => resultOf(scope, planned, context));
  return { results, tally: context.tallies.of(plan, results) };
}

function resultOf(scope: PolicyScope, planned: PlannedCheck, context: JudgeContext): CheckResult {
  const { check, requirements } = planned;
  const decided = unresolvedVerdict(scope) ?? exemptionOf(scope, planned);
  const shared = decided ?? context.judge.judge(check, scope.find);
  const { environment, tenant, snapshot } = scope;
  const { status, message, waiver } = withWaiver(shared, check.id, scope, context.waivers);
  const { at } = context;
  return {
    check: check.id,
    title: check.title,
    requirements,
    environment,
    tenant,
    status,
    severity: check.severity,
    message,
    // Written out when somebody looks: most of a large run is never looked at.
    get evidence() {
      return evidenceOf(shared, snapshot(), at);
    },
    remedy: check.remedy,
    waiver,
  };
}

/** Without a configuration no rule is asked: one that reads records only would pass. */
function unresolvedVerdict({ problem }: PolicyScope): SharedVerdict | undefined {
  if (problem === undefined) return undefined;
  const { file, line, path } = problem.where ?? {};
  const evidence: Evidence = {
    fact: "configuration",
    path: path ?? "configuration",
    ...(file === undefined ? {} : { file }),
    ...(line === undefined ? {} : { line }),
  };
  return {
    verdict: { status: "unknown", message: `the configuration does not resolve: ${problem.message}` },
    facts: [{ value: null, evidence }],
    missing: undefined,
  };
}

/** Where the profile says that a check is not about this kind of data. */
function exemptionOf(scope: PolicyScope, { exempt }: PlannedCheck): SharedVerdict | undefined {
  if (exempt === undefined) return undefined;
  const data = scope.find("environment.data_source");
  if (typeof data?.value !== "string" || !exempt["data-sources"].includes(data.value)) return undefined;
  return {
    verdict: { status: "not-applicable", message: exempt.reason },
    facts: [data],
    missing: undefined,
  };
}

interface Waived {
  readonly status: Status;
  readonly message: string;
  readonly waiver: CheckResult["waiver"];
}

function withWaiver(
  { verdict }: SharedVerdict,
  check: string,
  { environment, tenant }: PolicyScope,
  waivers: WaiverBook,
): Waived {
  const { status, message } = verdict;
  if (status !== "fail" && status !== "unknown" && status !== "manual")
    return { status, message, waiver: null };
  const found = waivers.find(check, environment, tenant);
  if (found === undefined) return { status, message, waiver: null };
  if (found.kind === "holds") {
    return {
      status: "waived",
      message: `waived until ${found.waiver.expires}: ${message}`,
      waiver: found.waiver,
    };
  }
  return {
    status: "fail",
    message: `${message}; the waiver ${found.waiver.id} does not hold: ${found.why}`,
    waiver: null,
  };
}

function evidenceOf(
  { verdict, facts }: SharedVerdict,
  snapshot: string | undefined,
  at: string,
): readonly Evidence[] {
  const parts = verdict.parts ?? [];
  return facts.flatMap((fact) => {
    const narrowed = parts
      .filter((part) => part.fact === fact.evidence.fact)
      .map(({ path }) => fact.part?.(path))
      .filter((evidence) => evidence !== undefined);
    const found = narrowed.length === 0 ? [fact.evidence] : narrowed;
    return found.map((evidence) => complete(evidence, snapshot, at));
  });
}

function complete(evidence: Evidence, snapshot: string | undefined, at: string): Evidence {
  // What was rendered was rendered from this snapshot.
  if (!["configuration", "templates"].includes(evidence.source ?? "configuration")) {
    return evidence.at === undefined ? { ...evidence, at } : evidence;
  }
  return { ...evidence, ...(snapshot === undefined ? {} : { snapshot }), at: evidence.at ?? at };
}
