import type { Check } from "./check.ts";
import { itemsOf, listed, nameOf, partOf } from "./support.ts";
import { fail, notApplicable, pass } from "./verdict.ts";

const met = { "environment.kind": "staging", "staging.differences": [] };

/** What staging is for. */
export const stagingMirrorsProduction: Check = {
  id: "staging-mirrors-production",
  title: "Staging mirrors the security settings of production",
  severity: "medium",
  why: "What was rehearsed under other rules was not rehearsed.",
  remedy: "Let staging take production's layer and say only what has to differ.",
  facts: ["environment.kind", "staging.differences"],
  rule: (facts) => {
    if (facts.text("environment.kind") !== "staging") return notApplicable("this is not staging");
    if (facts.value("staging.differences") === null) return notApplicable("the tenant is not in production");
    const different = itemsOf(facts, "staging.differences");
    return different.length === 0
      ? pass("the same as production")
      : fail(
          `differs from production: ${listed(different.map(nameOf))}`,
          different.map((item) => partOf("staging.differences", item)),
        );
  },
  examples: {
    pass: met,
    fail: { ...met, "staging.differences": [{ name: "tls.min_version", staging: "1.2", production: "1.3" }] },
  },
};
