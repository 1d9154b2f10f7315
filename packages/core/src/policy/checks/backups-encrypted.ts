import type { Check } from "./check.ts";
import { fail, notApplicable, pass } from "./verdict.ts";

const met = { "backup.enabled": true, "backup.encrypted": true };

/** Row 6. */
export const backupsEncrypted: Check = {
  id: "backups-encrypted",
  number: 6,
  title: "Backups are encrypted",
  severity: "high",
  why: "A backup holds all the data and lies in places that are watched less.",
  remedy: "Encrypt backups with a key that is not kept beside them.",
  facts: ["backup.enabled", "backup.encrypted"],
  rule: (facts) => {
    if (!facts.flag("backup.enabled")) return notApplicable("no backups are made");
    return facts.flag("backup.encrypted") ? pass("backups are encrypted") : fail("backups are not encrypted");
  },
  examples: { pass: met, fail: { ...met, "backup.encrypted": false } },
};
