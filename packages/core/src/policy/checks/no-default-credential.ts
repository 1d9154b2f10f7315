import type { Check } from "./check.ts";
import { itemsOf, listed, nameOf } from "./support.ts";
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
  rule: (facts) => {
    const user = facts.text("database.username");
    if (defaults.has(user.toLowerCase())) return fail(`the application logs in as ${user}`);
    const length = facts.number("password.min_length");
    if (length < 12) return fail(`passwords of ${length} characters are allowed, 12 is the least`);
    const weak = itemsOf(facts, "secrets.weak");
    return weak.length === 0 ? pass("no default, none weak") : fail(`weak: ${listed(weak.map(nameOf))}`);
  },
  examples: { pass: met, fail: { ...met, "database.username": "postgres" } },
};
