import type { Check } from "./check.ts";
import { itemsOf, listed, textIn } from "./support.ts";
import { fail, pass, type Verdict } from "./verdict.ts";

const test = (severity: string) => ({ severity, at: "2026-06-01T00:00:00Z", delivered: true });
const met = {
  "alerts.test_interval_days": 30,
  "alerts.tests": [test("critical"), test("warning"), test("info")],
};

/** Row 36. */
export const alertsTested: Check = {
  id: "alerts-tested",
  number: 36,
  title: "A test alert of each severity was delivered",
  severity: "medium",
  why: "An alert that goes nowhere is found out on the worst day.",
  remedy: "Send a test alert of each severity, and record it in policy/records (kind alert-test).",
  facts: ["alerts.test_interval_days", "alerts.tests"],
  rule: (facts): Verdict => {
    const most = facts.number("alerts.test_interval_days");
    const tests = itemsOf(facts, "alerts.tests").map(({ value }) => value);
    const lost = tests.filter((item) => item["delivered"] !== true).map((item) => textIn(item, "severity"));
    if (lost.length > 0) return fail(`not delivered: ${listed(lost)}`);
    const missing = ["critical", "warning", "info"].filter(
      (severity) =>
        !tests.some((item) => item["severity"] === severity && facts.ageInDays(textIn(item, "at")) <= most),
    );
    return missing.length === 0
      ? pass(`all three within ${most} days`)
      : fail(`no test within ${most} days: ${listed(missing)}`);
  },
  examples: { pass: met, fail: { ...met, "alerts.tests": [test("critical")] } },
};
