import type { Check } from "./check.ts";
import { itemsOf, listed, nameOf, partOf } from "./support.ts";
import { fail, pass } from "./verdict.ts";

/** Row 12. */
export const secretsNotShared: Check = {
  id: "secrets-not-shared",
  number: 12,
  title: "No secret value is shared between production, staging or tenants",
  severity: "high",
  why: "One leak must stay one leak.",
  remedy: "Give each scope a value of its own and rotate the shared one.",
  facts: ["secrets.shared_values"],
  rule: (facts) => {
    const shared = itemsOf(facts, "secrets.shared_values");
    return shared.length === 0
      ? pass("every value occurs in one scope only")
      : fail(
          `the same value stands elsewhere: ${listed(shared.map(nameOf))}`,
          shared.map((item) => partOf("secrets.shared_values", item)),
        );
  },
  examples: {
    pass: { "secrets.shared_values": [] },
    fail: { "secrets.shared_values": [{ name: "postgresql", with: ["staging:acme"] }] },
  },
};
