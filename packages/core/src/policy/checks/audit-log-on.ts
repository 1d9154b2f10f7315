import type { Check } from "./check.ts";
import { listed, textIn, textsOf } from "./support.ts";
import { fail, pass } from "./verdict.ts";

/** How PostgreSQL writes a setting that is off; from 18 on `log_connections` is a list. */
const off: ReadonlySet<string> = new Set(["off", ""]);

/** Row 29. */
export const auditLogOn: Check = {
  id: "audit-log-on",
  number: 29,
  title: "The audit log is on",
  severity: "critical",
  why: "What is not recorded cannot be found out, proven or disproven.",
  remedy: "Turn the audit log on.",
  facts: ["audit.enabled"],
  optional: ["probe.postgresql_settings", "compliance.frameworks"],
  rule: (facts) => {
    if (!facts.flag("audit.enabled")) return fail("it is off");
    if (!facts.has("probe.postgresql_settings")) return pass("it is on");
    const settings = facts.map("probe.postgresql_settings");
    const quiet = ["log_connections", "log_disconnections"].filter((name) => off.has(textIn(settings, name)));
    if (quiet.length > 0) return fail(`the database server does not record: ${listed(quiet)} off`);
    // Who read which record, these two ask of the database itself.
    const strict = facts.has("compliance.frameworks")
      ? textsOf(facts, "compliance.frameworks").filter((id) => id === "pci-dss" || id === "hipaa")
      : [];
    const libraries = settings["shared_preload_libraries"];
    if (strict.length > 0 && typeof libraries === "string" && !/\bpgaudit\b/u.test(libraries))
      return fail(`the database server has no pgaudit, which records who reads what (${listed(strict)})`);
    return pass("it is on");
  },
  examples: { pass: { "audit.enabled": true }, fail: { "audit.enabled": false } },
};
