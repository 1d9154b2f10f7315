import { scopeMatches } from "../glob.ts";
import type { AppliedWaiver } from "../model.ts";
import { problemsOf, type WaiverRules } from "./judge.ts";
import type { Waiver } from "./waiver.ts";

/** What the waivers of a check say about a scope. */
export type WaiverVerdict =
  | { readonly kind: "holds"; readonly waiver: AppliedWaiver }
  /** There is one, but it has ended or must not be used. */
  | { readonly kind: "void"; readonly waiver: AppliedWaiver; readonly why: string };

interface Judged {
  readonly waiver: Waiver;
  readonly verdict: WaiverVerdict;
}

/** The waivers of a run, judged once for its day. */
export class WaiverBook {
  readonly #byCheck = new Map<string, Judged[]>();

  /** @param strict - whether a waiver of an unknown author is void */
  constructor(waivers: readonly Waiver[], today: string, rules: WaiverRules, strict: boolean) {
    for (const waiver of waivers) {
      const problem = problemsOf(waiver, today, rules).find(({ kind }) => strict || kind !== "unverified");
      const { id, file, owner, reason, approver, expires } = waiver;
      const applied = { id, file, owner, reason, approver, expires };
      const verdict: WaiverVerdict =
        problem === undefined
          ? { kind: "holds", waiver: applied }
          : { kind: "void", waiver: applied, why: problem.message };
      const judged = this.#byCheck.get(waiver.check) ?? [];
      judged.push({ waiver, verdict });
      this.#byCheck.set(waiver.check, judged);
    }
  }

  /** What is said about a check in a scope; one that holds wins over one that does not. */
  find(check: string, environment: string, tenant: string | null): WaiverVerdict | undefined {
    const judged = this.#byCheck.get(check);
    if (judged === undefined) return undefined;
    const here = judged.filter(({ waiver }) => scopeMatches(waiver.scope, environment, tenant));
    return (here.find(({ verdict }) => verdict.kind === "holds") ?? here[0])?.verdict;
  }
}
