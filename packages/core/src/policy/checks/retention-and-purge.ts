import type { Check } from "./check.ts";
import { textIn } from "./support.ts";
import { fail, pass } from "./verdict.ts";

const met = {
  "retention.days": 365,
  "purge.enabled": true,
  "purge.last": { at: "2026-06-01T00:00:00Z", "oldest-days": 365 },
};

/** A purge that has not run for that long does not run. */
const mostDaysBetween = 31;

/** Row 42. */
export const retentionAndPurge: Check = {
  id: "retention-and-purge",
  number: 42,
  title: "Retention is set, and purges are evidenced",
  severity: "medium",
  why: "Data that nobody needs any more can only do harm, and a purge that stopped is silent.",
  remedy: "Set the retention, run the purge, and record it in policy/records (kind purge).",
  facts: ["retention.days", "purge.enabled", "purge.last"],
  rule: (facts) => {
    const most = facts.number("retention.days");
    if (!facts.flag("purge.enabled")) return fail("nothing is purged");
    const last = facts.map("purge.last");
    const age = facts.ageInDays(textIn(last, "at"));
    if (age > mostDaysBetween)
      return fail(`the last purge was ${age} days ago, ${mostDaysBetween} is the most`);
    const oldest = Number(last["oldest-days"]);
    return oldest > most
      ? fail(`data of ${oldest} days was left, ${most} is the most`)
      : pass(`${most} days, purged ${age} days ago`);
  },
  examples: { pass: met, fail: { ...met, "purge.enabled": false } },
};
