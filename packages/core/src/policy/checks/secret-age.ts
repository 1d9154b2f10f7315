import type { Check } from "./check.ts";
import { count, itemsOf, listed, nameOf, partOf, textIn } from "./support.ts";
import { fail, notApplicable, pass } from "./verdict.ts";

const met = { "secrets.rotation_days": 90, "secrets.ages": [{ name: "postgresql", changed: "2026-06-01" }] };

/** Row 9. */
export const secretAge: Check = {
  id: "secret-age",
  number: 9,
  title: "Secrets are no older than 90 days",
  severity: "medium",
  why: "The older a secret, the more people and machines have seen it.",
  remedy:
    "Make what is older anew where it is used, and store the new value with `lotse secrets set`; `lotse secrets list` tells the dates.",
  facts: ["secrets.rotation_days", "secrets.ages"],
  rule: (facts) => {
    const most = facts.number("secrets.rotation_days");
    if (most > 90) return fail(`secrets may get ${most} days old, 90 is the most`);
    const items = itemsOf(facts, "secrets.ages");
    if (items.length === 0) return notApplicable("there are no secrets");
    const old = items.filter(({ value }) => facts.ageInDays(textIn(value, "changed")) > most);
    return old.length === 0
      ? pass(`${count(items.length, "secret")}, none older than ${most} days`)
      : fail(
          `older than ${most} days: ${listed(old.map(nameOf))}`,
          old.map((item) => partOf("secrets.ages", item)),
        );
  },
  examples: {
    pass: met,
    fail: { ...met, "secrets.ages": [{ name: "postgresql", changed: "2020-01-01" }] },
  },
};
