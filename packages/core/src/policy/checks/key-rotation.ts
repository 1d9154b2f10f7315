import { globMatches } from "../glob.ts";
import type { Check } from "./check.ts";
import { itemsOf, partOf, textIn } from "./support.ts";
import { fail, pass, type Verdict } from "./verdict.ts";

const met = {
  "encryption.key": "kms/prod/acme",
  "encryption.key_rotation_days": 365,
  "keys.rotated_at": [{ key: "kms/*", at: "2026-06-01T00:00:00Z" }],
};

/** Row 10. */
export const keyRotation: Check = {
  id: "key-rotation",
  number: 10,
  title: "Keys are rotated within 365 days",
  severity: "medium",
  why: "A rotated key bounds what a stolen one opens.",
  remedy: "Rotate the key, and record it by its name in policy/records (kind key-rotation).",
  facts: ["encryption.key", "encryption.key_rotation_days", "keys.rotated_at"],
  rule: (facts): Verdict => {
    const most = facts.number("encryption.key_rotation_days");
    if (most > 365) return fail(`a key may get ${most} days old, 365 is the most`);
    const key = facts.text("encryption.key");
    const [newest] = itemsOf(facts, "keys.rotated_at")
      .filter(({ value }) => globMatches(textIn(value, "key"), key))
      .sort(
        (left, right) =>
          facts.daysSince(textIn(left.value, "at")) - facts.daysSince(textIn(right.value, "at")),
      );
    if (newest === undefined)
      return { status: "unknown", message: `no record says when the key ${key} was rotated` };
    const age = facts.ageInDays(textIn(newest.value, "at"));
    return age > most
      ? fail(`the key ${key} is ${age} days old, ${most} is the most`, [partOf("keys.rotated_at", newest)])
      : pass(`rotated within ${most} days`);
  },
  examples: {
    pass: met,
    fail: { ...met, "keys.rotated_at": [{ key: "kms/*", at: "2020-01-01T00:00:00Z" }] },
  },
};
