import type { Check } from "./check.ts";
import { fail, pass } from "./verdict.ts";

const met = { "encryption.key_rotation_days": 365, "keys.rotated_at": "2099-01-01T00:00:00Z" };

/** Row 10. */
export const keyRotation: Check = {
  id: "key-rotation",
  number: 10,
  title: "Keys are rotated within 365 days",
  severity: "medium",
  why: "A rotated key bounds what a stolen one opens.",
  remedy: "Rotate the key, and record it in policy/records (kind key-rotation).",
  facts: ["encryption.key_rotation_days", "keys.rotated_at"],
  rule: (facts) => {
    const most = facts.number("encryption.key_rotation_days");
    if (most > 365) return fail(`a key may get ${most} days old, 365 is the most`);
    const age = facts.daysSince(facts.text("keys.rotated_at"));
    return age > most
      ? fail(`the key is ${age} days old, ${most} is the most`)
      : pass(`rotated within ${most} days`);
  },
  examples: { pass: met, fail: { ...met, "keys.rotated_at": "2020-01-01T00:00:00Z" } },
};
