import type { Check } from "./check.ts";
import { listed, textsOf } from "./support.ts";
import { fail, pass } from "./verdict.ts";

const met = {
  "compliance.frameworks": ["gdpr"],
  "logging.masking_mode": "full",
  "logging.masked_fields": ["password", "authorization", "email"],
};

const always = ["password", "authorization", "email"];
const cards = ["card_number"];

/** Row 34. */
export const logMasking: Check = {
  id: "log-masking",
  number: 34,
  title: "Personal and card data are masked in logs",
  severity: "high",
  why: "Logs are read by many, copied to many places and kept for long.",
  remedy: "Mask passwords, authorization headers and addresses, and card numbers where cards are taken.",
  facts: ["compliance.frameworks", "logging.masking_mode", "logging.masked_fields"],
  rule: (facts) => {
    const mode = facts.text("logging.masking_mode");
    if (mode !== "full" && mode !== "partial") return fail(`masking is ${mode}`);
    const takesCards = textsOf(facts, "compliance.frameworks").includes("pci-dss");
    const masked = textsOf(facts, "logging.masked_fields");
    const missing = [...always, ...(takesCards ? cards : [])].filter((field) => !masked.includes(field));
    return missing.length === 0
      ? pass(`${masked.length} fields, ${mode}`)
      : fail(`not masked: ${listed(missing)}`);
  },
  examples: { pass: met, fail: { ...met, "compliance.frameworks": ["pci-dss"] } },
};
