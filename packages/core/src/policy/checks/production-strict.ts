import type { Check } from "./check.ts";
import { fail, notApplicable, pass } from "./verdict.ts";

const met = {
  "environment.kind": "production",
  "environment.data_source": "live",
  "application.debug": false,
  "application.hot_reload": false,
  "application.mock_services": [],
  "application.profiling_percent": 0,
};

/** Continuous profiling of a few requests is good practice; of all of them it is a brake. */
const mostProfiledPercent = 5;

/** What production is for. */
export const productionStrict: Check = {
  id: "production-strict",
  title: "Production is strict: no debug, no hot reload, no mocked services, profiling of 5 % at most",
  severity: "high",
  why: "What helps on a laptop shows internals, changes code or answers customers with fixtures here.",
  remedy: "Turn off debug, hot reload and mocked services; profile at most 5 % of requests.",
  facts: [
    "environment.kind",
    "environment.data_source",
    "application.debug",
    "application.hot_reload",
    "application.mock_services",
    "application.profiling_percent",
  ],
  rule: (facts) => {
    if (facts.text("environment.kind") !== "production") return notApplicable("this is not production");
    const wrong = [
      facts.text("environment.data_source") === "live" ? "" : "the data is not live",
      facts.flag("application.debug") ? "debug is on" : "",
      facts.flag("application.hot_reload") ? "hot reload is on" : "",
      facts.list("application.mock_services").length > 0 ? "services are mocked" : "",
      facts.number("application.profiling_percent") > mostProfiledPercent
        ? "too many requests are profiled"
        : "",
    ].filter((text) => text !== "");
    return wrong.length === 0 ? pass("strict") : fail(wrong.join(", "));
  },
  examples: { pass: met, fail: { ...met, "application.mock_services": ["spotify"] } },
};
