import type { Check } from "./check.ts";
import { fail, pass } from "./verdict.ts";

/** Row 29. */
export const auditLogOn: Check = {
  id: "audit-log-on",
  number: 29,
  title: "The audit log is on",
  severity: "critical",
  why: "What is not recorded cannot be found out, proven or disproven.",
  remedy: "Turn the audit log on.",
  facts: ["audit.enabled"],
  rule: (facts) => (facts.flag("audit.enabled") ? pass("it is on") : fail("it is off")),
  examples: { pass: { "audit.enabled": true }, fail: { "audit.enabled": false } },
};
