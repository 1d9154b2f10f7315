import type { Check } from "./check.ts";
import { fail, pass } from "./verdict.ts";

/** Row 19. */
export const noSharedAccount: Check = {
  id: "no-shared-account",
  number: 19,
  title: "Nobody shares an account",
  severity: "medium",
  why: "What a shared account did, nobody did.",
  remedy: "Give everybody an account of their own and close the shared ones.",
  facts: ["access.shared_accounts"],
  rule: (facts) =>
    facts.flag("access.shared_accounts")
      ? fail("accounts are shared")
      : pass("everybody has an account of their own"),
  examples: { pass: { "access.shared_accounts": false }, fail: { "access.shared_accounts": true } },
};
