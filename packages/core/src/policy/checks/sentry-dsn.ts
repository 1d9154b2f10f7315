import type { Check } from "./check.ts";
import { addressProblem, isSecretReference } from "./support.ts";
import { fail, notApplicable, pass } from "./verdict.ts";

const met = {
  "environment.kind": "production",
  "monitoring.sentry_enabled": true,
  "monitoring.sentry_dsn": "${secret:sentry#dsn}",
};

/** Errors have somewhere to go. */
export const sentryDsn: Check = {
  id: "sentry-dsn",
  title: "Errors of production are reported to Sentry",
  severity: "medium",
  why: "An error that nobody hears of happens again.",
  remedy: "Set the DSN, as a secret, and enable Sentry.",
  facts: ["environment.kind", "monitoring.sentry_enabled", "monitoring.sentry_dsn"],
  rule: (facts) => {
    if (facts.text("environment.kind") !== "production") return notApplicable("this is not production");
    if (!facts.flag("monitoring.sentry_enabled")) return fail("errors are not reported");
    const dsn = facts.value("monitoring.sentry_dsn");
    if (isSecretReference(dsn)) return pass("the DSN is a secret");
    if (typeof dsn !== "string" || dsn === "") return fail("there is no DSN");
    if (dsn === "[redacted]") return pass("a DSN is set");
    const problem = addressProblem(dsn, ["https"]);
    if (problem !== undefined) return fail(`the DSN ${problem}`);
    // https://KEY@HOST/PROJECT (https://docs.sentry.io/concepts/key-terms/dsn-explainer/)
    return new URL(dsn).username !== "" && /^(?:\/[\w-]+)*\/\d+$/u.test(new URL(dsn).pathname)
      ? pass("a DSN is set")
      : fail("the DSN names no key or no project");
  },
  examples: { pass: met, fail: { ...met, "monitoring.sentry_dsn": null } },
};
