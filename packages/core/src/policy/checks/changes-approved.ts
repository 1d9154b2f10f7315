import type { Check } from "./check.ts";
import { listed, textIn, textsIn } from "./support.ts";
import { fail, notApplicable, pass } from "./verdict.ts";

const met = {
  "environment.kind": "production",
  "change.approvals": 1,
  "change.author_may_approve": false,
  "release.approval": { author: "ann", approvers: ["ben"] },
};

/** Row 44. */
export const changesApproved: Check = {
  id: "changes-approved",
  number: 44,
  title: "Production changes are approved by somebody other than the author",
  severity: "high",
  why: "A second pair of eyes finds mistakes, and makes a single person's bad intention not enough.",
  remedy: "Require an approval that the author cannot give, and have the running release approved.",
  facts: ["environment.kind", "change.approvals", "change.author_may_approve", "release.approval"],
  rule: (facts) => {
    if (facts.text("environment.kind") !== "production") return notApplicable("this is not production");
    const least = facts.number("change.approvals");
    if (least < 1) return fail("no approval is asked for");
    if (facts.flag("change.author_may_approve")) return fail("the author may approve");
    const release = facts.map("release.approval");
    const author = textIn(release, "author");
    const others = [...new Set(textsIn(release, "approvers"))].filter((name) => name !== author);
    return others.length >= least
      ? pass(`by ${listed(others)}`)
      : fail(`what runs has ${others.length} of ${least} approvals of others than ${author || "its author"}`);
  },
  examples: { pass: met, fail: { ...met, "release.approval": { author: "ann", approvers: ["ann"] } } },
};
