import type { Check } from "./check.ts";
import { textIn } from "./support.ts";
import { fail, pass } from "./verdict.ts";

/** Row 30. */
export const auditLogVerifies: Check = {
  id: "audit-log-verifies",
  number: 30,
  title: "The audit log verifies",
  severity: "critical",
  why: "A log that can be changed unseen proves nothing.",
  remedy: "Run `lotse audit verify`: it tells what was changed, and since when.",
  facts: ["audit.verification"],
  rule: (facts) => {
    const found = facts.map("audit.verification");
    // How many there are is in the evidence: a message that counts would differ from run to run.
    return found["ok"] === true
      ? pass("all entries are as they were written")
      : fail(textIn(found, "problem") || "it does not verify");
  },
  examples: {
    pass: { "audit.verification": { ok: true, entries: 12 } },
    fail: { "audit.verification": { ok: false, problem: "entry 7 was changed" } },
  },
};
