import type { Check } from "./check.ts";
import { fail, pass } from "./verdict.ts";

const met = {
  "backup.enabled": true,
  "backup.retention_days": 35,
  "backup.point_in_time_recovery": true,
};

/** Row 38. */
export const backupsRetained: Check = {
  id: "backups-retained",
  number: 38,
  title: "Backups are retained, and point-in-time recovery is on",
  severity: "high",
  why: "Damage is often noticed after the last backup already has it.",
  remedy: "Keep backups for a week or longer, and the write-ahead log for point-in-time recovery.",
  facts: ["backup.enabled", "backup.retention_days", "backup.point_in_time_recovery"],
  optional: ["probe.postgresql_settings"],
  rule: (facts) => {
    if (!facts.flag("backup.enabled")) return fail("no backups are made");
    const days = facts.number("backup.retention_days");
    if (days < 7) return fail(`backups are kept for ${days} days, 7 is the least`);
    if (!facts.flag("backup.point_in_time_recovery")) return fail("there is no point-in-time recovery");
    if (facts.has("probe.postgresql_settings")) {
      const settings = facts.map("probe.postgresql_settings");
      if (settings["archive_mode"] === "off" || settings["wal_level"] === "minimal")
        return fail("the database server keeps no write-ahead log for point-in-time recovery");
    }
    return pass(`${days} days, any moment`);
  },
  examples: { pass: met, fail: { ...met, "backup.point_in_time_recovery": false } },
};
