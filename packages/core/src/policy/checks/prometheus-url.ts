import type { Check } from "./check.ts";
import { addressProblem } from "./support.ts";
import { fail, notApplicable, pass } from "./verdict.ts";

const met = {
  "environment.kind": "production",
  "monitoring.prometheus_enabled": true,
  "monitoring.prometheus_url": "http://prometheus.monitoring.svc:9090",
};

/** Metrics have somewhere to go. */
export const prometheusUrl: Check = {
  id: "prometheus-url",
  title: "Metrics of production are collected by Prometheus",
  severity: "medium",
  why: "Without metrics nobody sees a failure coming, and no alert fires.",
  remedy: "Set the address of the Prometheus server and enable it.",
  facts: ["environment.kind", "monitoring.prometheus_enabled", "monitoring.prometheus_url"],
  rule: (facts) => {
    if (facts.text("environment.kind") !== "production") return notApplicable("this is not production");
    if (!facts.flag("monitoring.prometheus_enabled")) return fail("metrics are not collected");
    const problem = addressProblem(facts.text("monitoring.prometheus_url"), ["http", "https"]);
    return problem === undefined ? pass("an address is set") : fail(`the address ${problem}`);
  },
  examples: { pass: met, fail: { ...met, "monitoring.prometheus_url": "http://localhost:9090" } },
};
