import type { Check } from "./check.ts";
import { isMap } from "./reader.ts";
import { fail, pass } from "./verdict.ts";

const met = {
  "http.redirect_to_https": true,
  "http.hsts_enabled": true,
  "http.hsts_max_age_seconds": 31_536_000,
};

/** Half a year, the least that browsers' preload lists and auditors take seriously. */
const leastSeconds = 15_552_000;

/** Row 2. */
export const httpsEnforced: Check = {
  id: "https-enforced",
  number: 2,
  title: "HTTP redirects to HTTPS, and HSTS is on",
  severity: "high",
  why: "Without both, the first request of a visit travels in the clear and can be turned elsewhere.",
  remedy: "Redirect HTTP to HTTPS and send Strict-Transport-Security with max-age of half a year or more.",
  facts: ["http.redirect_to_https", "http.hsts_enabled", "http.hsts_max_age_seconds"],
  optional: ["probe.http"],
  rule: (facts) => {
    if (!facts.flag("http.redirect_to_https")) return fail("HTTP is answered without a redirect to HTTPS");
    if (!facts.flag("http.hsts_enabled")) return fail("Strict-Transport-Security is not sent");
    const seconds = facts.number("http.hsts_max_age_seconds");
    if (seconds < leastSeconds)
      return fail(`browsers remember HTTPS for ${seconds} s, ${leastSeconds} is the least`);
    if (facts.has("probe.http")) {
      const seen = facts.value("probe.http");
      if (isMap(seen) && seen["redirects_to_https"] === false)
        return fail("the endpoint answered HTTP without a redirect");
      if (isMap(seen) && typeof seen["hsts_max_age_seconds"] !== "number")
        return fail("the endpoint sent no Strict-Transport-Security");
    }
    return pass("HTTP redirects, and HSTS is on");
  },
  examples: { pass: met, fail: { ...met, "http.hsts_enabled": false } },
};
