import type { Check } from "./check.ts";
import { fail, pass } from "./verdict.ts";

/** Row 33. */
export const logsByTenant: Check = {
  id: "logs-by-tenant",
  number: 33,
  title: "Logs can be told apart by tenant",
  severity: "medium",
  why: "A tenant may ask for what concerns it, and must not get what concerns others.",
  remedy: "Write the tenant's id into every line, in one field.",
  facts: ["logging.tenant_field"],
  rule: (facts) => {
    const field = facts.text("logging.tenant_field");
    return field.trim() === "" ? fail("lines do not name the tenant") : pass(`by the field ${field}`);
  },
  examples: { pass: { "logging.tenant_field": "tenant_id" }, fail: { "logging.tenant_field": "" } },
};
