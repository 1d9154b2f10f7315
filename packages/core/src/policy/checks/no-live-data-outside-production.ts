import type { Check } from "./check.ts";
import { fail, notApplicable, pass } from "./verdict.ts";

const met = { "environment.kind": "staging", "environment.data_source": "anonymised" };

/** Row 43. */
export const noLiveDataOutsideProduction: Check = {
  id: "no-live-data-outside-production",
  number: 43,
  title: "There is no live production data outside production",
  severity: "critical",
  why: "Test environments are guarded less and seen by more people.",
  remedy: "Load anonymised or made-up data.",
  facts: ["environment.kind", "environment.data_source"],
  rule: (facts) => {
    if (facts.text("environment.kind") === "production") return notApplicable("this is production");
    const source = facts.text("environment.data_source");
    return source === "anonymised" || source === "synthetic"
      ? pass(`the data is ${source}`)
      : fail(`the data is ${source}`);
  },
  examples: { pass: met, fail: { ...met, "environment.data_source": "live" } },
};
