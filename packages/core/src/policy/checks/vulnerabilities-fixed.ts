import type { FactValue } from "../facts/fact.ts";
import type { Check } from "./check.ts";
import { isMap } from "./reader.ts";
import { count, listed, textIn } from "./support.ts";
import { fail, pass, type Verdict } from "./verdict.ts";

const met = {
  "vulnerabilities.interval_days": 7,
  "vulnerabilities.scan": { scannedAt: "2026-06-14T00:00:00Z", findings: [] },
};

/** Row 27. */
export const vulnerabilitiesFixed: Check = {
  id: "vulnerabilities-fixed",
  number: 27,
  title: "The vulnerability scan is recent, and no critical finding is open past its term",
  severity: "high",
  why: "A published hole is used within days.",
  remedy: "Run `lotse vulnerability scan`, and update the packages that it names.",
  facts: ["vulnerabilities.interval_days", "vulnerabilities.scan"],
  rule: (facts): Verdict => {
    const scan = facts.map("vulnerabilities.scan");
    const age = facts.ageInDays(textIn(scan, "scannedAt"));
    const most = facts.number("vulnerabilities.interval_days");
    if (age > most) return fail(`the last scan was ${age} days ago, ${most} is the most`);
    const found = scan["findings"];
    const findings = (Array.isArray(found) ? found : []).filter((item: FactValue) => isMap(item));
    const overdue = findings.filter(
      (item) => item["severity"] === "critical" && textIn(item, "dueAt").slice(0, 10) < facts.today,
    );
    if (overdue.length > 0) {
      const names = overdue.map((item) => `${textIn(item, "id")} in ${textIn(item, "package")}`);
      return fail(`${count(overdue.length, "critical finding")} past the term: ${listed(names)}`);
    }
    if (scan["complete"] === false)
      return { status: "unknown", message: "not every source of advisories answered the last scan" };
    return pass(`${count(findings.length, "open finding")}, no critical one past its term`);
  },
  examples: {
    pass: met,
    fail: {
      ...met,
      "vulnerabilities.scan": {
        scannedAt: "2026-06-14T00:00:00Z",
        findings: [
          { id: "CVE-2020-0001", package: "left", severity: "critical", dueAt: "2020-01-08T00:00:00Z" },
        ],
      },
    },
  },
};
