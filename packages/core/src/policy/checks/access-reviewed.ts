import type { Check } from "./check.ts";
import { textIn } from "./support.ts";
import { fail, pass } from "./verdict.ts";

const met = { "access.review": { at: "2026-06-01T00:00:00Z" } };

/** Six months, as the longest of them in days. */
const sixMonthsDays = 184;

/** Row 18. */
export const accessReviewed: Check = {
  id: "access-reviewed",
  number: 18,
  title: "Access was reviewed within 6 months",
  severity: "medium",
  why: "People change jobs; their rights stay until somebody looks.",
  remedy: "Go through who may do what, and record it in policy/records (kind access-review).",
  facts: ["access.review"],
  optional: ["access.review_interval_days"],
  rule: (facts) => {
    const own = facts.has("access.review_interval_days")
      ? facts.number("access.review_interval_days")
      : sixMonthsDays;
    const most = Math.min(own, sixMonthsDays);
    const age = facts.ageInDays(textIn(facts.map("access.review"), "at"));
    return age > most
      ? fail(`the last review was ${age} days ago, ${most} is the most`)
      : pass(`reviewed within ${most} days`);
  },
  examples: { pass: met, fail: { "access.review": { at: "2020-01-01T00:00:00Z" } } },
};
