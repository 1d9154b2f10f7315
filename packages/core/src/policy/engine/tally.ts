import type { CheckResult, Status, StatusCounts } from "../model.ts";

/** What one scope adds to the summary. */
export interface ScopeTally {
  readonly counts: StatusCounts;
  readonly checks: readonly string[];
  readonly frameworks: ReadonlyMap<string, FrameworkTally>;
}

/** What one scope adds to the summary of one framework. */
export interface FrameworkTally {
  readonly counts: StatusCounts;
  /** Requirements with at least one result here. */
  readonly seen: ReadonlySet<string>;
  /** Of these, the ones with a result that is no evidence. */
  readonly open: ReadonlySet<string>;
  /** The same text for equal sets. */
  readonly key: string;
}

/** No results at all. */
export function noCounts(): Record<Status, number> {
  return { pass: 0, fail: 0, "not-applicable": 0, unknown: 0, waived: 0, manual: 0 };
}

const evidenced: ReadonlySet<Status> = new Set(["pass", "waived", "not-applicable"]);

interface Growing {
  readonly counts: Record<Status, number>;
  readonly seen: Set<string>;
  readonly open: Set<string>;
}

/** Counts the results of scopes: once for all scopes with the same checks and the same statuses. */
export class Tallies {
  readonly #known = new WeakMap<object, Map<string, ScopeTally>>();

  /** @param plan - what was judged; the same object for scopes with the same checks and requirements */
  of(plan: object, results: readonly CheckResult[]): ScopeTally {
    let tallies = this.#known.get(plan);
    if (tallies === undefined) {
      tallies = new Map();
      this.#known.set(plan, tallies);
    }
    let key = "";
    for (const { status } of results) key += letters[status];
    let tally = tallies.get(key);
    if (tally === undefined) {
      tally = tallyOf(results);
      tallies.set(key, tally);
    }
    return tally;
  }
}

const letters: Readonly<Record<Status, string>> = {
  pass: "p",
  fail: "f",
  "not-applicable": "n",
  unknown: "u",
  waived: "w",
  manual: "m",
};

function tallyOf(results: readonly CheckResult[]): ScopeTally {
  const counts = noCounts();
  const frameworks = new Map<string, Growing>();
  for (const { status, requirements } of results) {
    counts[status] += 1;
    let last: string | undefined;
    for (const { framework, id } of requirements) {
      let tally = frameworks.get(framework);
      if (tally === undefined) {
        tally = { counts: noCounts(), seen: new Set(), open: new Set() };
        frameworks.set(framework, tally);
      }
      // A check that is evidence for several requirements of a framework is one result of it.
      if (framework !== last) tally.counts[status] += 1;
      last = framework;
      tally.seen.add(id);
      if (!evidenced.has(status)) tally.open.add(id);
    }
  }
  return {
    counts,
    checks: results.map(({ check }) => check),
    frameworks: new Map([...frameworks].map(([id, tally]) => [id, { ...tally, key: keyOf(tally) }])),
  };
}

function keyOf({ seen, open }: Growing): string {
  return `${[...seen].sort().join(" ")}\n${[...open].sort().join(" ")}`;
}
