import type { Check } from "./check.ts";
import { textsOf } from "./support.ts";
import { fail, pass } from "./verdict.ts";

const met = {
  "region.name": "eu-central-1",
  "backup.cross_region": true,
  "backup.copy_region": "eu-west-3",
  "residency.allowed_regions": ["eu-central-1", "eu-west-3"],
};

/** Row 40. */
export const copyInAnotherRegion: Check = {
  id: "copy-in-another-region",
  number: 40,
  title: "There is a copy in another region, within the residency rule",
  severity: "medium",
  why: "A region may be gone for days, and the copy must not leave the law that protects the data.",
  remedy: "Copy backups to a region that residency allows, other than the one that the data is in.",
  facts: ["region.name", "backup.cross_region", "backup.copy_region", "residency.allowed_regions"],
  rule: (facts) => {
    if (!facts.flag("backup.cross_region")) return fail("there is no copy in another region");
    const region = facts.text("backup.copy_region");
    if (region === facts.text("region.name")) return fail(`the copy is in the same region, ${region}`);
    const allowed = textsOf(facts, "residency.allowed_regions");
    return allowed.includes(region)
      ? pass(`in ${region}`)
      : fail(`${region} is outside ${allowed.join(", ")}`);
  },
  examples: { pass: met, fail: { ...met, "backup.copy_region": "us-east-1" } },
};
