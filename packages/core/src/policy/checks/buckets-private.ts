import type { Check } from "./check.ts";
import { itemsOf, listed, nameOf, partOf } from "./support.ts";
import { fail, notApplicable, pass } from "./verdict.ts";

const bucket = { name: "backups", public_access: false, encrypted: true };

/** Row 7. */
export const bucketsPrivate: Check = {
  id: "buckets-private",
  number: 7,
  title: "Buckets are private and encrypted",
  severity: "critical",
  why: "A bucket that anybody may read is how most data of this kind gets lost.",
  remedy: "Set public_access to false and encrypted to true for every bucket.",
  facts: ["storage.buckets"],
  rule: (facts) => {
    const items = itemsOf(facts, "storage.buckets");
    if (items.length === 0) return notApplicable("there are no buckets");
    const open = items.filter(({ value }) => value["public_access"] !== false);
    const plain = items.filter(({ value }) => value["encrypted"] !== true);
    if (open.length > 0)
      return fail(
        `anybody may read ${listed(open.map(nameOf))}`,
        open.map((item) => partOf("storage.buckets", item, "public_access")),
      );
    if (plain.length > 0)
      return fail(
        `${listed(plain.map(nameOf))} is not encrypted`,
        plain.map((item) => partOf("storage.buckets", item, "encrypted")),
      );
    return pass(`${items.length} private and encrypted`);
  },
  examples: {
    pass: { "storage.buckets": [bucket] },
    fail: { "storage.buckets": [bucket, { ...bucket, name: "models", public_access: true }] },
  },
};
