import type { Check } from "./check.ts";
import { itemsOf, listed, partOf, textIn } from "./support.ts";
import { fail, pass } from "./verdict.ts";

/**
 * Runs in a scope that names a framework which nobody described, and in no other: the engine plans it, no framework
 * and no profile does.
 */
export const frameworksDescribed: Check = {
  id: "frameworks-described",
  title: "Every framework that a tenant is under is described",
  severity: "high",
  why: "What nobody described goes unchecked, and its absence from a report looks like success.",
  remedy: "Correct the name, or describe the framework in policy/frameworks.",
  facts: ["compliance.undescribed_frameworks"],
  rule: (facts) => {
    const found = itemsOf(facts, "compliance.undescribed_frameworks");
    if (found.length === 0) return pass("each is described");
    return fail(
      `there is no framework ${listed(found.map(({ value }) => textIn(value, "framework")))}: ${listed([...new Set(found.map(({ value }) => textIn(value, "hint")))])}`,
      found.map((item) => partOf("compliance.undescribed_frameworks", item)),
    );
  },
  examples: {
    pass: { "compliance.undescribed_frameworks": [] },
    fail: { "compliance.undescribed_frameworks": [{ framework: "pci", hint: "did you mean pci-dss?" }] },
  },
};
