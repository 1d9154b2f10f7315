import type { Check } from "./check.ts";
import { count, itemsOf, listed, textIn } from "./support.ts";
import { fail, pass } from "./verdict.ts";

/** Row 8. */
export const noPlainSecret: Check = {
  id: "no-plain-secret",
  number: 8,
  title: "No secret stands in plain text",
  severity: "critical",
  why: "A secret in a file is in every clone, backup and log of that file, for good.",
  remedy: "Move it to the secrets with `lotse secrets set`, refer to it with ${secret:…}, and rotate it.",
  facts: ["secrets.plain_text"],
  optional: ["secrets.scan_findings"],
  rule: (facts) => {
    const found = itemsOf(facts, "secrets.plain_text").map(({ value }) => textIn(value, "path"));
    if (found.length > 0) return fail(`${count(found.length, "secret")} in plain text: ${listed(found)}`);
    const scanned = facts.has("secrets.scan_findings") ? itemsOf(facts, "secrets.scan_findings") : [];
    if (scanned.length > 0) {
      const files = scanned.map(({ value }) => textIn(value, "file"));
      return fail(`a scan of the files found ${count(scanned.length, "secret")}: ${listed(files)}`);
    }
    return pass("every secret is a reference");
  },
  examples: {
    pass: { "secrets.plain_text": [] },
    fail: {
      "secrets.plain_text": [{ path: "cache.redis.password", file: "environments/base.yml", line: 3 }],
    },
  },
};
