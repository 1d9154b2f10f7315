import type { Check } from "./check.ts";
import { fail, pass } from "./verdict.ts";

/** Row 14. */
export const administratorsMfa: Check = {
  id: "administrators-mfa",
  number: 14,
  title: "Administrators use a second factor",
  severity: "critical",
  why: "A password alone is phished sooner or later, and this one opens everything.",
  remedy: "Require a second factor for administrators.",
  facts: ["mfa.administrators"],
  rule: (facts) =>
    facts.flag("mfa.administrators") ? pass("a second factor is required") : fail("a password is enough"),
  examples: { pass: { "mfa.administrators": true }, fail: { "mfa.administrators": false } },
};
