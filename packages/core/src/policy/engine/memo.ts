import { isLotseError, LotseError } from "../../kernel/index.ts";
import { FactReader, MissingFact } from "../checks/reader.ts";
import type { Check } from "../checks/check.ts";
import type { Verdict } from "../checks/verdict.ts";
import type { Fact } from "../facts/fact.ts";

/** A verdict with the facts that it rests on, without anything of the scope that it was first made for. */
export interface SharedVerdict {
  readonly verdict: Verdict;
  /** The facts that the rule read, in that order. */
  readonly facts: readonly Fact[];
  /** The fact that ended the rule, where one was missing. */
  readonly missing: string | undefined;
}

/** What judges: it may be asked for every scope, and answers from memory where the facts are the same. */
export interface Judge {
  judge(check: Check, find: (name: string) => Fact | undefined): SharedVerdict;
}

interface CheckMemo {
  readonly check: Check;
  readonly names: readonly string[];
  readonly declared: ReadonlySet<string>;
  readonly verdicts: Map<string, SharedVerdict>;
}

/**
 * Judges each check once for each combination of facts. Facts are compared by identity, which sources keep
 * where scopes share a value; so what a thousand tenants inherit is judged once.
 *
 * A memo holds for one day: rules see the day.
 */
export class VerdictMemo implements Judge {
  readonly today: string;
  readonly #explainMissing: (name: string) => string;
  readonly #checks = new Map<string, CheckMemo>();
  readonly #numbers = new WeakMap<Fact, number>();
  #next = 1;
  #judged = 0;

  /**
   * @param today - `YYYY-MM-DD` in UTC
   * @param explainMissing - where a fact would come from
   */
  constructor(today: string, explainMissing: (name: string) => string) {
    this.today = today;
    this.#explainMissing = explainMissing;
  }

  /** How often a rule was really run. */
  get judged(): number {
    return this.#judged;
  }

  judge(check: Check, find: (name: string) => Fact | undefined): SharedVerdict {
    const memo = this.#memoOf(check);
    let key = "";
    for (const name of memo.names) {
      const fact = find(name);
      key += fact === undefined ? ",0" : `,${this.#numberOf(fact)}`;
    }
    const known = memo.verdicts.get(key);
    if (known !== undefined) return known;
    this.#judged += 1;
    const made = runRule(check, memo.declared, this.today, find, this.#explainMissing);
    memo.verdicts.set(key, made);
    return made;
  }

  #memoOf(check: Check): CheckMemo {
    const known = this.#checks.get(check.id);
    if (known !== undefined && known.check === check) return known;
    const names = [...check.facts, ...(check.optional ?? [])];
    const made = { check, names, declared: new Set(names), verdicts: new Map<string, SharedVerdict>() };
    this.#checks.set(check.id, made);
    return made;
  }

  #numberOf(fact: Fact): number {
    const known = this.#numbers.get(fact);
    if (known !== undefined) return known;
    const number = this.#next++;
    this.#numbers.set(fact, number);
    return number;
  }
}

/** Runs every rule anew; what the memo is measured and tested against. */
export class PlainJudge implements Judge {
  readonly #today: string;
  readonly #explainMissing: (name: string) => string;

  constructor(today: string, explainMissing: (name: string) => string) {
    this.#today = today;
    this.#explainMissing = explainMissing;
  }

  judge(check: Check, find: (name: string) => Fact | undefined): SharedVerdict {
    const declared = new Set([...check.facts, ...(check.optional ?? [])]);
    return runRule(check, declared, this.#today, find, this.#explainMissing);
  }
}

/**
 * Runs a rule on the facts of a scope.
 *
 * @throws LotseError `policy.check` where it reads a fact that the check does not declare, or throws itself
 */
export function runRule(
  check: Check,
  declared: ReadonlySet<string>,
  today: string,
  find: (name: string) => Fact | undefined,
  explainMissing: (name: string) => string,
): SharedVerdict {
  const reader = new FactReader(check.id, declared, today, find);
  const factsRead = (): readonly Fact[] => [...reader.read].map((name) => find(name) as Fact);
  try {
    const verdict = check.rule(reader);
    return { verdict, facts: factsRead(), missing: undefined };
  } catch (error) {
    if (!(error instanceof MissingFact)) throw isLotseError(error) ? error : brokenRule(check, error);
    const why = error.why ?? explainMissing(error.fact);
    return {
      verdict: { status: "unknown", message: `${error.fact} is not known: ${why}` },
      facts: factsRead(),
      missing: error.fact,
    };
  }
}

function brokenRule(check: Check, cause: unknown): LotseError {
  return new LotseError({
    code: "policy.check",
    message: `the rule of ${check.id} failed: ${cause instanceof Error ? cause.message : "it threw no error"}`,
    hint: "a rule returns a verdict for whatever the facts are",
    cause,
  });
}
