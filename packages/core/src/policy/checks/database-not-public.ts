import type { Check } from "./check.ts";
import { fail, pass } from "./verdict.ts";

/** Row 21. */
export const databaseNotPublic: Check = {
  id: "database-not-public",
  number: 21,
  title: "No database is reachable from the internet",
  severity: "critical",
  why: "A database that anybody can reach is one mistake away from everybody.",
  remedy: "Take away its public address, and let only the application's network in.",
  facts: ["database.public_access"],
  optional: ["probe.ports"],
  rule: (facts) => {
    if (facts.flag("database.public_access")) return fail("it has a public address");
    if (facts.has("probe.ports")) {
      const open = facts.map("probe.ports")["database_open"];
      if (open === true) return fail("its port answered from where the probe ran");
    }
    return pass("it has no public address");
  },
  examples: { pass: { "database.public_access": false }, fail: { "database.public_access": true } },
};
