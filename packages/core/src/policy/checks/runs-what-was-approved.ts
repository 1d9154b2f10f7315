import type { Check } from "./check.ts";
import { itemsOf, listed, nameOf, partOf, textIn } from "./support.ts";
import { fail, pass } from "./verdict.ts";

const processor = { name: "hosting", purpose: "servers", country: "DE", agreement_signed: "2025-01-01" };
const met = {
  "processors.register": [processor],
  "release.running": { approved: "4f2a", running: "4f2a" },
};

/** Row 45. */
export const runsWhatWasApproved: Check = {
  id: "runs-what-was-approved",
  number: 45,
  title: "What runs is what was approved, and processors are registered",
  severity: "high",
  why: "An approval of something else is none, and whoever processes data for you must have signed for it.",
  remedy: "Deploy the approved release; register every processor with purpose, country and agreement.",
  facts: ["processors.register", "release.running"],
  rule: (facts) => {
    const open = itemsOf(facts, "processors.register").filter(({ value }) =>
      ["purpose", "country", "agreement_signed"].some((key) => textIn(value, key) === ""),
    );
    if (open.length > 0)
      return fail(
        `no complete entry for ${listed(open.map(nameOf))}`,
        open.map((item) => partOf("processors.register", item)),
      );
    const release = facts.map("release.running");
    const [approved, running] = [textIn(release, "approved"), textIn(release, "running")];
    if (running === "" || approved !== running)
      return fail(`${running || "nothing"} runs, ${approved || "nothing"} was approved`);
    return pass(`${running} runs, ${itemsOf(facts, "processors.register").length} processors`);
  },
  examples: { pass: met, fail: { ...met, "release.running": { approved: "4f2a", running: "9c1d" } } },
};
