import type { Check } from "./check.ts";
import { listed, textsOf } from "./support.ts";
import { fail, pass } from "./verdict.ts";

const met = { "network.egress_policy": "allow-list", "network.egress_allow": ["login.example.com"] };

/** Row 23. */
export const egressAllowList: Check = {
  id: "egress-allow-list",
  number: 23,
  title: "Ways out are on an allow-list",
  severity: "high",
  why: "What got in must not be able to send anything out.",
  remedy: "Deny egress, and allow the hosts that the service calls by name.",
  facts: ["network.egress_policy", "network.egress_allow"],
  rule: (facts) => {
    const policy = facts.text("network.egress_policy");
    if (policy !== "allow-list") return fail(`ways out are ${policy}`);
    const wide = textsOf(facts, "network.egress_allow").filter((host) =>
      /^(?:\*|0\.0\.0\.0\/0|::\/0)$/u.test(host),
    );
    return wide.length === 0
      ? pass(`${facts.list("network.egress_allow").length} hosts may be called`)
      : fail(`the list allows everything: ${listed(wide)}`);
  },
  examples: { pass: met, fail: { ...met, "network.egress_allow": ["*"] } },
};
