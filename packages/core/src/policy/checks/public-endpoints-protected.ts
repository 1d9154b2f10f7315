import type { Check } from "./check.ts";
import { fail, pass } from "./verdict.ts";

const met = { "rate_limit.enabled": true, "waf.mode": "block" };

/** Row 24. */
export const publicEndpointsProtected: Check = {
  id: "public-endpoints-protected",
  number: 24,
  title: "Rate limits or a web application firewall stand in front of public endpoints",
  severity: "medium",
  why: "Guessing, scraping and flooding are stopped by neither passwords nor encryption.",
  remedy: "Turn the rate limit on, or set the firewall to detect or block.",
  facts: ["rate_limit.enabled", "waf.mode"],
  rule: (facts) => {
    const limited = facts.flag("rate_limit.enabled");
    const waf = facts.text("waf.mode");
    const guarded = waf === "block" || waf === "detect";
    if (!limited && !guarded) return fail("neither a rate limit nor a firewall");
    return pass([limited ? "rate limit" : "", guarded ? `firewall (${waf})` : ""].filter(Boolean).join(", "));
  },
  examples: { pass: met, fail: { "rate_limit.enabled": false, "waf.mode": "off" } },
};
