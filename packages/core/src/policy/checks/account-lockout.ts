import type { Check } from "./check.ts";
import { fail, pass } from "./verdict.ts";

/** Row 16. */
export const accountLockout: Check = {
  id: "account-lockout",
  number: 16,
  title: "Accounts are locked after at most 10 tries",
  severity: "medium",
  why: "Without a bound a password is only a matter of time.",
  remedy: "Lock out after 10 wrong tries or fewer, for 30 minutes or longer.",
  facts: ["lockout.max_attempts"],
  optional: ["lockout.minutes"],
  rule: (facts) => {
    const tries = facts.number("lockout.max_attempts");
    if (tries < 1) return fail("accounts are never locked");
    if (tries > 10) return fail(`locked after ${tries} tries, 10 is the most`);
    if (facts.has("lockout.minutes") && facts.number("lockout.minutes") < 30)
      return fail(`locked for ${facts.number("lockout.minutes")} minutes, 30 is the least`);
    return pass(`locked after ${tries} tries`);
  },
  examples: { pass: { "lockout.max_attempts": 10 }, fail: { "lockout.max_attempts": 11 } },
};
