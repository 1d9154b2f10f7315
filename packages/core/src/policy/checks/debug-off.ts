import type { Check } from "./check.ts";
import { fail, notApplicable, pass } from "./verdict.ts";

const met = { "environment.kind": "production", "application.debug": false };

/** Row 28. */
export const debugOff: Check = {
  id: "debug-off",
  number: 28,
  title: "Debug is off in production",
  severity: "high",
  why: "Debug pages show code, variables and secrets to whoever provokes an error.",
  remedy: "Set debug to false in production and in what mirrors it.",
  facts: ["environment.kind", "application.debug"],
  rule: (facts) => {
    if (facts.text("environment.kind") === "development") return notApplicable("development may debug");
    return facts.flag("application.debug") ? fail("debug is on") : pass("debug is off");
  },
  examples: { pass: met, fail: { ...met, "application.debug": true } },
};
