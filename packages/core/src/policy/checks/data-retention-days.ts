import type { Check } from "./check.ts";
import { fail, notApplicable, pass } from "./verdict.ts";

const met = { "environment.kind": "production", "retention.days": 365 };

/** Seven years, the longest that tax law of the usual places asks for. */
const mostDays = 2557;

/** DATA_RETENTION_DAYS is set, and means something. */
export const dataRetentionDays: Check = {
  id: "data-retention-days",
  title: "DATA_RETENTION_DAYS is set in production, and makes sense",
  severity: "medium",
  why: "Storage limitation needs a number, and one of a century is none.",
  remedy: "Set it to the days that the purpose needs: 1 to 2,557.",
  facts: ["environment.kind", "retention.days"],
  rule: (facts) => {
    if (facts.text("environment.kind") !== "production") return notApplicable("this is not production");
    const days = facts.number("retention.days");
    return Number.isInteger(days) && days >= 1 && days <= mostDays
      ? pass(`${days} days`)
      : fail(`${days} days is not between 1 and ${mostDays}`);
  },
  examples: { pass: met, fail: { ...met, "retention.days": 36_500 } },
};
