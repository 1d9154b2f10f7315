// A rule in TypeScript: a module whose default export is a check. Facts are read by name; `config:PATH` is the
// value at a path.
import type { Check } from "@lotse/core/policy";

const met = { "environment.kind": "production", "scaling.min_replicas": 3, "config:scaling.zones": ["a", "b", "c"] };

const check: Check = {
  id: "replicas-over-zones",
  title: "Production runs in two zones at least",
  severity: "low",
  why: "With a single replica, the day on which its zone fails is the day on which the tenant is down.",
  remedy: "Raise plan.min_replicas to 2, or agree with the tenant that it may be down.",
  facts: ["environment.kind", "scaling.min_replicas", "config:scaling.zones"],
  rule: (facts) => {
    if (facts.text("environment.kind") !== "production")
      return { status: "not-applicable", message: "this is not production" };
    const zones = Math.min(facts.number("scaling.min_replicas"), facts.list("config:scaling.zones").length);
    return zones >= 2
      ? { status: "pass", message: `${zones} zones at least` }
      : { status: "fail", message: "one replica runs in one zone" };
  },
  examples: { pass: met, fail: { ...met, "scaling.min_replicas": 1 } },
};

export default check;
