import type { Check } from "./check.ts";
import { count } from "./support.ts";
import { fail, pass } from "./verdict.ts";

const met = { "network.isolation": "namespace", "network.default_policy": "deny" };

const separating: ReadonlySet<string> = new Set(["namespace", "dedicated", "network", "cluster", "account"]);

/** Row 22. */
export const tenantIsolation: Check = {
  id: "tenant-isolation",
  number: 22,
  title: "Tenants' networks are isolated",
  severity: "critical",
  why: "One tenant's broken component must not reach another tenant's data.",
  remedy: "Give each tenant a namespace or network of its own, and deny what is not allowed.",
  facts: ["network.isolation", "network.default_policy"],
  optional: ["database.tenant_isolation", "probe.postgresql_tables"],
  rule: (facts) => {
    const by = facts.text("network.isolation");
    if (!separating.has(by)) return fail(`nothing separates tenants: ${by || "no isolation"}`);
    const policy = facts.text("network.default_policy");
    if (policy !== "deny") return fail(`what nobody allowed gets through: ${policy}`);
    const byRow = facts.has("database.tenant_isolation") && facts.text("database.tenant_isolation") === "row";
    if (byRow && facts.has("probe.postgresql_tables")) {
      const tables = facts.map("probe.postgresql_tables");
      const open = Number(tables["count"]) - Number(tables["row_security"]);
      if (open > 0) return fail(`${count(open, "table")} of the shared database without row-level security`);
    }
    return pass(`separated by ${by}, what nobody allowed is denied`);
  },
  examples: { pass: met, fail: { ...met, "network.isolation": "none" } },
};
