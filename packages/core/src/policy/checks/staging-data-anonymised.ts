import type { Check } from "./check.ts";
import { fail, notApplicable, pass } from "./verdict.ts";

const met = { "environment.kind": "staging", "environment.data_source": "anonymised" };

/** What staging holds. */
export const stagingDataAnonymised: Check = {
  id: "staging-data-anonymised",
  title: "Staging holds anonymised data",
  severity: "high",
  why: "A mirror needs data of the shape of production's, and must not hold anybody's.",
  remedy: "Load staging from an anonymised copy.",
  facts: ["environment.kind", "environment.data_source"],
  rule: (facts) => {
    if (facts.text("environment.kind") !== "staging") return notApplicable("this is not staging");
    const source = facts.text("environment.data_source");
    if (source === "anonymised") return pass("the data is anonymised");
    return source === "synthetic"
      ? fail("the data is made up: rehearsals do not meet production's shapes and sizes")
      : fail(`the data is ${source}`);
  },
  examples: { pass: met, fail: { ...met, "environment.data_source": "live" } },
};
