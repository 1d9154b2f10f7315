import type { Check } from "./check.ts";
import { listed, textsOf } from "./support.ts";
import { fail, pass } from "./verdict.ts";

const met = { "encryption.key": "kms/prod/acme", "encryption.key_shared_with": [] };

/** Row 11. */
export const keysPerEnvironment: Check = {
  id: "keys-per-environment",
  number: 11,
  title: "Each environment has keys of its own",
  severity: "high",
  why: "Who can open staging must not be able to open production with it.",
  remedy: "Give the environment a key of its own; ${environment.name} in the name of the key does it.",
  facts: ["encryption.key", "encryption.key_shared_with"],
  rule: (facts) => {
    const key = facts.text("encryption.key");
    const others = textsOf(facts, "encryption.key_shared_with");
    return others.length === 0
      ? pass(`${key} is used here only`)
      : fail(`${key} is used in ${listed(others)} as well`);
  },
  examples: { pass: met, fail: { ...met, "encryption.key_shared_with": ["staging"] } },
};
