import type { Check } from "./check.ts";
import { fail, notApplicable, pass } from "./verdict.ts";

const met = {
  "environment.kind": "development",
  "application.debug": true,
  "application.hot_reload": true,
  "application.mock_services": ["payments"],
  "application.profiling": true,
};

/** What development is for. */
export const developmentConveniences: Check = {
  id: "development-conveniences",
  title: "Development has debug, hot reload, mocked services and profiling",
  severity: "low",
  why: "Where these are missing people work against staging, or worse.",
  remedy: "Turn on debug, hot reload and profiling, and name the services that fixtures answer for.",
  facts: [
    "environment.kind",
    "application.debug",
    "application.hot_reload",
    "application.mock_services",
    "application.profiling",
  ],
  rule: (facts) => {
    if (facts.text("environment.kind") !== "development") return notApplicable("this is not development");
    const missing = [
      facts.flag("application.debug") ? "" : "debug",
      facts.flag("application.hot_reload") ? "" : "hot reload",
      facts.list("application.mock_services").length > 0 ? "" : "mocked services",
      facts.flag("application.profiling") ? "" : "profiling",
    ].filter((name) => name !== "");
    return missing.length === 0 ? pass("all four are there") : fail(`missing: ${missing.join(", ")}`);
  },
  examples: { pass: met, fail: { ...met, "application.hot_reload": false } },
};
