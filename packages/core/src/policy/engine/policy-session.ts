import type { ConfigEngine, ResolvedScope, Snapshot } from "../../config/index.ts";
import { diagnosticOf, errorOf, isLotseError, type Diagnostic, type LotseError } from "../../kernel/index.ts";
import { originOf } from "../facts/catalogue.ts";
import { Comparison } from "../facts/comparison.ts";
import type { Fact } from "../facts/fact.ts";
import type { CheckResult, PolicyRun } from "../model.ts";
import type { PolicyRules } from "../rules.ts";
import { judgeScope, type JudgeContext } from "./judge-scope.ts";
import { VerdictMemo, type Judge } from "./memo.ts";
import { CheckPlanner } from "./plan.ts";
import { contextOf } from "./run.ts";
import { ScopeMaker, type MadeScope } from "./scope-maker.ts";
import { Tallies, type ScopeTally } from "./tally.ts";
import { Totals } from "./totals.ts";

/** What is asked of a session. */
export interface SessionRequest {
  /** Which scopes get results; comparisons look at all of them in any case. @defaultValue all */
  readonly select?: ((scope: ResolvedScope) => boolean) | undefined;
  /** Only one framework, in the scopes that it applies to. */
  readonly framework?: string | undefined;
  /** @defaultValue what the settings say */
  readonly strict?: boolean | undefined;
  /** The moment of the run. */
  readonly at: Date;
}

/** How a session is made. */
export interface PolicySessionOptions {
  readonly engine: ConfigEngine;
  readonly rules: PolicyRules;
  /** Makes what judges, for a day. @defaultValue a {@link VerdictMemo} */
  readonly judge?: (today: string, explainMissing: (name: string) => string) => Judge;
}

interface Judged {
  readonly scope: ResolvedScope;
  readonly files: readonly string[];
  readonly comparison: ReadonlyMap<string, Fact>;
  /** Empty where the scope was not selected. */
  readonly results: readonly CheckResult[];
  /** `undefined` where the scope was not selected. */
  readonly tally: ScopeTally | undefined;
  /** Why it does not resolve. */
  readonly problem: LotseError | undefined;
}

interface LastRun {
  readonly request: SessionRequest;
  readonly judged: Map<string, Judged>;
  readonly comparison: Comparison;
  readonly totals: Totals;
  /** The scopes that read each file. */
  readonly readers: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Beyond that many, asking each whether it still lives where it did costs more than listing all anew. */
const fewTenants = 50;

/**
 * Judges the scopes of one workspace, and again after files changed: then only scopes that read them, or that
 * are compared with such, are resolved and judged.
 */
export class PolicySession {
  readonly #engine: ConfigEngine;
  readonly #rules: PolicyRules;
  readonly #maker: ScopeMaker;
  readonly #makeJudge: NonNullable<PolicySessionOptions["judge"]>;
  readonly #planners = new Map<string | undefined, CheckPlanner>();
  readonly #tallies = new Tallies();
  #judge: { readonly today: string; readonly judge: Judge } | undefined;
  #last: LastRun | undefined;

  constructor(options: PolicySessionOptions) {
    this.#engine = options.engine;
    this.#rules = options.rules;
    this.#maker = new ScopeMaker(options.rules);
    this.#makeJudge = options.judge ?? ((today, explain) => new VerdictMemo(today, explain));
  }

  /**
   * Judges all scopes.
   *
   * @param resolve - how a scope is resolved. @defaultValue the engine's `resolve`
   * @throws LotseError `policy.profile`, `policy.check`
   */
  run(
    request: SessionRequest,
    resolve: (scope: ResolvedScope) => Snapshot = (scope) => this.#engine.resolve(scope),
  ): PolicyRun {
    const context = this.#context(request);
    const comparison = new Comparison();
    const made = this.#engine.workspace.environments
      .flatMap((name) => this.#engine.scopes(name))
      .map((scope) => this.#make(scope, resolve, comparison));
    for (const { compared } of made) comparison.put(compared);
    const totals = new Totals();
    const judged = new Map<string, Judged>();
    for (const each of made) {
      const one = this.#judgeOne(each, comparison, context, request);
      if (one.tally !== undefined) totals.add(one.tally);
      judged.set(keyOf(one.scope), one);
    }
    this.#last = { request, judged, comparison, totals, readers: readersOf(judged) };
    return this.#runOf(this.#last, context);
  }

  /**
   * Judges again after files changed. Scopes that the change does not reach keep their results.
   *
   * @param paths - the files that changed, relative to the workspace; nothing else may have changed. After a
   * change below `policy/`, read the rules anew and make a new session
   * @param at - the moment of this run
   * @throws LotseError as {@link PolicySession.run}
   */
  recheck(paths: readonly string[], at: Date): PolicyRun {
    this.#engine.refresh(paths);
    const last = this.#last;
    const today = at.toISOString().slice(0, 10);
    const reached = new Set(paths.flatMap((path) => [...(last?.readers.get(path) ?? [])]));
    // Of a scope that did not resolve nobody knows which files it reads.
    const broken = [...(last?.judged.values() ?? [])].some(({ problem }) => problem !== undefined);
    if (
      last === undefined ||
      broken ||
      this.#judge?.today !== today ||
      !this.#sameScopes(paths, reached, last)
    )
      return this.run({ ...last?.request, at });
    const request = { ...last.request, at };
    const context = this.#context(request);
    const { comparison, judged, totals } = last;
    const made = new Map<string, MadeScope>();
    const touched = new Set<string>();
    for (const key of reached) {
      const scope = this.#resolveAgain(judged, key, comparison);
      made.set(key, scope);
      for (const other of comparison.put(scope.compared)) touched.add(other);
    }
    // Another scope's change may show elsewhere: a key that is shared, a production that staging mirrors.
    for (const key of touched) {
      const before = judged.get(key);
      if (made.has(key) || before === undefined) continue;
      if (!sameFacts(before.comparison, comparison.facts(factScope(before.scope))))
        made.set(key, this.#resolveAgain(judged, key, comparison));
    }
    let sameFiles = true;
    for (const [key, each] of made) {
      const before = judged.get(key) as Judged;
      const one = this.#judgeOne(each, comparison, context, request);
      sameFiles &&= before.files.join() === one.files.join();
      if (before.tally !== undefined) totals.remove(before.tally);
      if (one.tally !== undefined) totals.add(one.tally);
      judged.set(key, one);
    }
    this.#last = {
      request,
      judged,
      comparison,
      totals,
      readers: sameFiles ? last.readers : readersOf(judged),
    };
    return this.#runOf(this.#last, context);
  }

  /**
   * Whether a change leaves the list of scopes and the files that they read as they were, so that the readers
   * of the changed files are all that it can reach.
   */
  #sameScopes(paths: readonly string[], reached: ReadonlySet<string>, { judged, readers }: LastRun): boolean {
    const { workspace, files } = this.#engine;
    const known = paths.every(
      (path) => path !== workspace.schema && readers.has(path) && files.stamp(path) !== undefined,
    );
    if (!known) return false;
    const tenants = new Set([...reached].map((key) => judged.get(key)?.scope.tenant));
    if (tenants.size > fewTenants) return false;
    return [...tenants].every(
      (tenant) =>
        tenant === undefined ||
        workspace.environments.every(
          (environment) =>
            judged.has(keyOf({ environment, tenant })) === this.#lives({ environment, tenant }),
        ),
    );
  }

  #lives(scope: ResolvedScope): boolean {
    try {
      return this.#engine.layers(scope).entries.length > 0;
    } catch (error) {
      // One that cannot be read now did live here, if it is among the judged: then all is judged anew.
      if (isLotseError(error)) return false;
      throw error;
    }
  }

  #resolveAgain(judged: ReadonlyMap<string, Judged>, key: string, comparison: Comparison): MadeScope {
    const { scope } = judged.get(key) as Judged;
    return this.#make(scope, (one) => this.#engine.resolve(one), comparison);
  }

  /** A scope that does not resolve must not hide the others. */
  #make(
    scope: ResolvedScope,
    resolve: (scope: ResolvedScope) => Snapshot,
    comparison: Comparison,
  ): MadeScope {
    let snapshot: Snapshot;
    try {
      snapshot = resolve(scope);
    } catch (error) {
      if (!isLotseError(error)) throw error;
      return this.#maker.makeUnresolved(scope, error);
    }
    const [problem, ...others] = snapshot.diagnostics.filter(({ severity }) => severity === "error");
    // What a reference could not be put in for, or a lock forbids, is not what anybody is going to run.
    if (problem !== undefined)
      return this.#maker.makeUnresolved(scope, firstOf(problem, others.length), snapshot);
    return this.#maker.make(snapshot, comparison);
  }

  #context(request: SessionRequest): JudgeContext {
    const { settings, checks, frameworks, waivers } = this.#rules;
    const today = request.at.toISOString().slice(0, 10);
    if (this.#judge?.today !== today) {
      const explain = (name: string): string => originOf(name, this.#maker.paths);
      this.#judge = { today, judge: this.#makeJudge(today, explain) };
    }
    return contextOf({
      checks,
      frameworks,
      waivers: waivers.waivers,
      maxWaiverDays: settings.waivers["max-days"],
      at: request.at,
      strict: this.#strict(request),
      framework: request.framework,
      judge: this.#judge.judge,
      made: { planner: this.#plannerOf(request.framework), tallies: this.#tallies },
    });
  }

  #plannerOf(framework: string | undefined): CheckPlanner {
    let planner = this.#planners.get(framework);
    if (planner === undefined) {
      planner = new CheckPlanner(this.#rules.checks, this.#rules.frameworks, framework);
      this.#planners.set(framework, planner);
    }
    return planner;
  }

  #strict(request: SessionRequest): boolean {
    return request.strict ?? this.#rules.settings.strict;
  }

  #judgeOne(
    { policy, files }: MadeScope,
    comparison: Comparison,
    context: JudgeContext,
    request: SessionRequest,
  ): Judged {
    const scope = { environment: policy.environment, tenant: policy.tenant ?? undefined };
    const { problem } = policy;
    const selected =
      (request.select?.(scope) ?? true) &&
      // Which frameworks a tenant is under stands in the configuration: it may be this one.
      (problem !== undefined ||
        request.framework === undefined ||
        policy.frameworks.includes(request.framework) ||
        policy.undescribed === true);
    const judgement = selected ? judgeScope(policy, context) : { results: [], tally: undefined };
    return {
      scope,
      files,
      comparison: comparison.facts(policy),
      problem,
      ...judgement,
    };
  }

  #runOf({ request, judged, totals }: LastRun, { at }: JudgeContext): PolicyRun {
    const results: CheckResult[] = [];
    for (const one of judged.values()) for (const result of one.results) results.push(result);
    const summary = totals.summary(this.#rules.frameworks, { strict: this.#strict(request), at });
    const unresolved = [...judged.values()].flatMap(({ scope: { environment, tenant }, problem, tally }) =>
      problem === undefined || tally === undefined
        ? []
        : [{ ...diagnosticOf(problem), environment, ...(tenant === undefined ? {} : { tenant }) }],
    );
    if (unresolved.length === 0) return { summary, results };
    return { summary: { ...summary, ok: false }, results, unresolved };
  }
}

function firstOf(problem: Diagnostic, others: number): LotseError {
  const more = others === 0 ? "" : ` (and ${others} more: lotse config validate tells them)`;
  return errorOf({ ...problem, message: `${problem.message}${more}` });
}

function readersOf(judged: ReadonlyMap<string, Judged>): ReadonlyMap<string, ReadonlySet<string>> {
  const readers = new Map<string, Set<string>>();
  for (const [key, { files }] of judged) {
    for (const file of files) {
      const keys = readers.get(file);
      if (keys === undefined) readers.set(file, new Set([key]));
      else keys.add(key);
    }
  }
  return readers;
}

function keyOf({ environment, tenant }: ResolvedScope): string {
  return `${environment}:${tenant ?? ""}`;
}

function factScope({ environment, tenant }: ResolvedScope): { environment: string; tenant: string | null } {
  return { environment, tenant: tenant ?? null };
}

function sameFacts(left: ReadonlyMap<string, Fact>, right: ReadonlyMap<string, Fact>): boolean {
  return left.size === right.size && [...right].every(([name, fact]) => left.get(name) === fact);
}
