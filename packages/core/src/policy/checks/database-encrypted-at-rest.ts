import type { Check } from "./check.ts";
import { fail, pass } from "./verdict.ts";

/** Row 5. */
export const databaseEncryptedAtRest: Check = {
  id: "database-encrypted-at-rest",
  number: 5,
  title: "Databases are encrypted at rest",
  severity: "high",
  why: "A disk or a copy of it that gets into other hands must not be readable.",
  remedy: "Turn on encryption at rest, with a key of this environment and tenant.",
  facts: ["database.encrypted_at_rest"],
  rule: (facts) =>
    facts.flag("database.encrypted_at_rest")
      ? pass("the data files are encrypted")
      : fail("the data files are not encrypted"),
  examples: { pass: { "database.encrypted_at_rest": true }, fail: { "database.encrypted_at_rest": false } },
};
