import type { Check } from "./check.ts";
import { itemsOf, listed, nameOf, partOf, textIn } from "./support.ts";
import { fail, pass, type Verdict } from "./verdict.ts";

const met = {
  "certificates.list": [{ name: "public" }],
  "certificates.expiry": [{ name: "public", "not-after": "2099-01-01" }],
};

/** How early is too late to begin. */
const leastDays = 30;

/** Row 4. */
export const certificatesCurrent: Check = {
  id: "certificates-current",
  number: 4,
  title: "Certificates are listed, and none ends within 30 days",
  severity: "high",
  why: "A certificate that ends takes the service down, and one that nobody lists is renewed by nobody.",
  remedy:
    "Renew what ends soon; list every certificate, and record its end in policy/records (kind certificates).",
  facts: ["certificates.list", "certificates.expiry"],
  optional: ["probe.certificates"],
  rule: (facts): Verdict => {
    const names = itemsOf(facts, "certificates.list").map(nameOf);
    if (names.length === 0) return fail("no certificate is listed");
    const known = itemsOf(facts, "certificates.expiry");
    const missing = names.filter((name) => !known.some((item) => nameOf(item) === name));
    if (missing.length > 0)
      return { status: "unknown", message: `nobody recorded when ${listed(missing)} ends` };
    const seen = facts.has("probe.certificates") ? itemsOf(facts, "probe.certificates") : [];
    const soonIn = (fact: string, items: typeof known) =>
      items
        .filter(({ value }) => -facts.daysSince(textIn(value, "not-after")) < leastDays)
        .map((item) => ({ name: nameOf(item), part: partOf(fact, item) }));
    const soon = [
      ...soonIn(
        "certificates.expiry",
        known.filter((item) => names.includes(nameOf(item))),
      ),
      ...soonIn("probe.certificates", seen),
    ];
    return soon.length === 0
      ? pass(`${names.length} listed, all good for ${leastDays} days and more`)
      : fail(
          `${listed(soon.map(({ name }) => name))} ends within ${leastDays} days`,
          soon.map(({ part }) => part),
        );
  },
  examples: {
    pass: met,
    fail: { ...met, "certificates.expiry": [{ name: "public", "not-after": "2020-01-01" }] },
  },
};
