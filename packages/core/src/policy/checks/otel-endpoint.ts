import type { Check } from "./check.ts";
import { addressProblem } from "./support.ts";
import { fail, notApplicable, pass } from "./verdict.ts";

const met = {
  "environment.kind": "production",
  "monitoring.otel_enabled": true,
  "monitoring.otel_endpoint": "http://otel-collector.monitoring.svc:4317",
};

/** Traces have somewhere to go. */
export const otelEndpoint: Check = {
  id: "otel-endpoint",
  title: "Traces of production go to an OpenTelemetry collector",
  severity: "low",
  why: "A slow request through six services is found by its trace or not at all.",
  remedy: "Set the endpoint of the collector and enable it.",
  facts: ["environment.kind", "monitoring.otel_enabled", "monitoring.otel_endpoint"],
  rule: (facts) => {
    if (facts.text("environment.kind") !== "production") return notApplicable("this is not production");
    if (!facts.flag("monitoring.otel_enabled")) return fail("traces are not collected");
    const problem = addressProblem(facts.text("monitoring.otel_endpoint"), ["http", "https", "grpc"]);
    return problem === undefined ? pass("an endpoint is set") : fail(`the endpoint ${problem}`);
  },
  examples: { pass: met, fail: { ...met, "monitoring.otel_enabled": false } },
};
