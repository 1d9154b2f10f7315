import type { Check } from "./check.ts";
import { fail, pass } from "./verdict.ts";

/** Row 31. */
export const auditLogCopied: Check = {
  id: "audit-log-copied",
  number: 31,
  title: "The audit log is copied off the host",
  severity: "high",
  why: "Who takes over the host must not be able to take its log along.",
  remedy: "Copy the log, or checkpoints of it, to another machine or a witness.",
  facts: ["audit.off_host_copy"],
  optional: ["audit.witnesses"],
  rule: (facts) => {
    const witnesses = facts.has("audit.witnesses") ? facts.list("audit.witnesses").length : 0;
    if (facts.flag("audit.off_host_copy")) return pass("a copy is made");
    return witnesses > 0
      ? pass(`witnesses elsewhere that keep checkpoints: ${witnesses}`)
      : fail("there is no copy elsewhere");
  },
  examples: { pass: { "audit.off_host_copy": true }, fail: { "audit.off_host_copy": false } },
};
