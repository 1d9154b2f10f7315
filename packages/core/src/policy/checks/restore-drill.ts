import type { Check } from "./check.ts";
import { textIn } from "./support.ts";
import { fail, pass } from "./verdict.ts";

const drill = {
  at: "2026-06-01T00:00:00Z",
  success: true,
  "recovery-time-minutes": 20,
  "recovery-point-minutes": 5,
};
const met = { "backup.rto_minutes": 60, "backup.rpo_minutes": 15, "drill.last": drill };

/** Row 39. */
export const restoreDrill: Check = {
  id: "restore-drill",
  number: 39,
  title: "A restore drill within 90 days met RTO and RPO",
  severity: "high",
  why: "A backup that was never restored is a hope.",
  remedy: "Restore the latest backup, measure it, and record it in policy/records (kind restore-drill).",
  facts: ["backup.rto_minutes", "backup.rpo_minutes", "drill.last"],
  rule: (facts) => {
    const last = facts.map("drill.last");
    const age = facts.ageInDays(textIn(last, "at"));
    if (age > 90) return fail(`the last drill was ${age} days ago, 90 is the most`);
    if (last["success"] !== true) return fail("the last drill failed");
    const [rto, rpo] = [facts.number("backup.rto_minutes"), facts.number("backup.rpo_minutes")];
    const [took, lost] = [Number(last["recovery-time-minutes"]), Number(last["recovery-point-minutes"])];
    if (!(took <= rto)) return fail(`it took ${took} minutes, ${rto} is the most`);
    return lost <= rpo
      ? pass(`${took} of ${rto} minutes, ${lost} of ${rpo} minutes lost`)
      : fail(`${lost} minutes were lost, ${rpo} is the most`);
  },
  examples: { pass: met, fail: { ...met, "drill.last": { ...drill, "recovery-time-minutes": 90 } } },
};
