import type { Check } from "./check.ts";
import { itemsOf, listed, nameOf, textIn } from "./support.ts";
import { fail, pass } from "./verdict.ts";

const met = { "database.username": "agent_app", "password.min_length": 14, "secrets.weak": [] };

/** Names that installers make, and that every attacker tries first. */
const defaults: ReadonlySet<string> = new Set([
  "postgres",
  "root",
  "admin",
  "administrator",
  "sa",
  "user",
  "test",
]);

/** Row 13. */
export const noDefaultCredential: Check = {
  id: "no-default-credential",
  number: 13,
  title: "No credential is a default or weak",
  severity: "critical",
  why: "Defaults and short passwords are tried by machines within minutes.",
  remedy: "Use a role of the application's own, passwords of 12 characters or more, and generated secrets.",
  facts: ["database.username", "password.min_length", "secrets.weak"],
  optional: ["probe.postgresql_settings", "probe.postgresql_access"],
  rule: (facts) => {
    const user = facts.text("database.username");
    if (defaults.has(user.toLowerCase())) return fail(`the application logs in as ${user}`);
    const length = facts.number("password.min_length");
    if (length < 12) return fail(`passwords of ${length} characters are allowed, 12 is the least`);
    if (facts.has("probe.postgresql_settings")) {
      const hash = textIn(facts.map("probe.postgresql_settings"), "password_encryption");
      if (hash !== "" && hash !== "scram-sha-256")
        return fail(`the database server keeps passwords as ${hash}, not scram-sha-256`);
    }
    const loose = facts.has("probe.postgresql_access") ? itemsOf(facts, "probe.postgresql_access") : [];
    if (loose.length > 0) {
      const lines = loose.map(({ value }) => `line ${Number(value["line"])} by ${textIn(value, "method")}`);
      return fail(`the database server lets in from elsewhere: ${listed(lines)} of pg_hba.conf`);
    }
    const weak = itemsOf(facts, "secrets.weak");
    return weak.length === 0 ? pass("no default, none weak") : fail(`weak: ${listed(weak.map(nameOf))}`);
  },
  examples: { pass: met, fail: { ...met, "database.username": "postgres" } },
};
