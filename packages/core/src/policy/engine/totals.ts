import type { Framework } from "../frameworks/framework.ts";
import { statuses, type FrameworkSummary, type PolicySummary, type Status } from "../model.ts";
import { noCounts, type FrameworkTally, type ScopeTally } from "./tally.ts";

interface FrameworkTotals {
  readonly counts: Record<Status, number>;
  /** Scopes by what they have seen and left open: thousands of scopes are a few of these. */
  readonly kinds: Map<string, { readonly tally: FrameworkTally; scopes: number }>;
}

/** The sum of the scopes of a run. Scopes can be taken out and put in, so that a re-check adds up only what changed. */
export class Totals {
  readonly #counts = noCounts();
  readonly #checks = new Map<string, number>();
  readonly #frameworks = new Map<string, FrameworkTotals>();
  #scopes = 0;

  /** Puts a scope in. */
  add(tally: ScopeTally): void {
    this.#change(tally, 1);
  }

  /** Takes a scope out that was put in. */
  remove(tally: ScopeTally): void {
    this.#change(tally, -1);
  }

  /** The summary of what is in. */
  summary(
    frameworks: readonly Framework[],
    options: { readonly strict: boolean; readonly at: string },
  ): PolicySummary {
    const counts = { ...this.#counts };
    return {
      ok: counts.fail === 0 && !(options.strict && counts.unknown > 0),
      strict: options.strict,
      scopes: this.#scopes,
      checks: [...this.#checks.values()].filter((scopes) => scopes > 0).length,
      counts,
      frameworks: frameworks.flatMap((framework) => this.#summaryOf(framework) ?? []),
      at: options.at,
    };
  }

  #change(tally: ScopeTally, by: 1 | -1): void {
    this.#scopes += by;
    for (const status of statuses) this.#counts[status] += by * tally.counts[status];
    for (const check of tally.checks) this.#checks.set(check, (this.#checks.get(check) ?? 0) + by);
    for (const [id, own] of tally.frameworks) {
      let totals = this.#frameworks.get(id);
      if (totals === undefined) {
        totals = { counts: noCounts(), kinds: new Map() };
        this.#frameworks.set(id, totals);
      }
      for (const status of statuses) totals.counts[status] += by * own.counts[status];
      const kind = totals.kinds.get(own.key);
      if (kind === undefined) totals.kinds.set(own.key, { tally: own, scopes: by });
      else kind.scopes += by;
    }
  }

  #summaryOf({ id, title, requirements }: Framework): FrameworkSummary | undefined {
    const totals = this.#frameworks.get(id);
    const kinds = [...(totals?.kinds.values() ?? [])].filter(({ scopes }) => scopes > 0);
    if (totals === undefined || kinds.length === 0) return undefined;
    const seen = new Set(kinds.flatMap(({ tally }) => [...tally.seen]));
    const open = new Set(kinds.flatMap(({ tally }) => [...tally.open]));
    return {
      framework: id,
      title,
      checkable: requirements.length,
      evidenced: seen.size - open.size,
      counts: { ...totals.counts },
    };
  }
}
