import type { Check } from "./check.ts";
import { textsOf } from "./support.ts";
import { fail, pass } from "./verdict.ts";

const met = {
  "compliance.frameworks": ["soc2"],
  "logging.retention_days": 365,
  "logging.searchable_days": 90,
  "audit.retention_days": 365,
};

/** Six years, as 45 CFR 164.316(b)(2)(i) has it for documentation. */
const sixYearsDays = 2190;

/** Row 32. */
export const logRetention: Check = {
  id: "log-retention",
  number: 32,
  title: "Logs are kept 365 days, 90 of them at hand (under HIPAA the audit log 6 years)",
  severity: "medium",
  why: "Break-ins are found months later; without logs nobody can tell what happened.",
  remedy: "Keep logs for 365 days and 90 of them searchable; under HIPAA keep audit entries for 2,190 days.",
  facts: [
    "compliance.frameworks",
    "logging.retention_days",
    "logging.searchable_days",
    "audit.retention_days",
  ],
  rule: (facts) => {
    const kept = facts.number("logging.retention_days");
    if (kept < 365) return fail(`logs are kept for ${kept} days, 365 is the least`);
    const atHand = facts.number("logging.searchable_days");
    if (atHand < 90) return fail(`${atHand} days are at hand, 90 is the least`);
    const least = textsOf(facts, "compliance.frameworks").includes("hipaa") ? sixYearsDays : 365;
    const audit = facts.number("audit.retention_days");
    return audit < least
      ? fail(`audit entries are kept for ${audit} days, ${least} is the least`)
      : pass(`${kept} days, ${atHand} at hand, audit ${audit}`);
  },
  examples: { pass: met, fail: { ...met, "compliance.frameworks": ["hipaa"] } },
};
