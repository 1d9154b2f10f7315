import type { Check } from "./check.ts";
import { fail, pass } from "./verdict.ts";

const met = { "access.break_glass_account": "break-glass", "access.break_glass_alert": "critical" };

/** Row 20. */
export const breakGlassAccount: Check = {
  id: "break-glass-account",
  number: 20,
  title: "A break-glass account exists, and its use alerts",
  severity: "medium",
  why: "On the day when login is down somebody must get in, and everybody must know of it.",
  remedy: "Set up the account, keep its key sealed, and alert on its use.",
  facts: ["access.break_glass_account", "access.break_glass_alert"],
  rule: (facts) => {
    if (facts.text("access.break_glass_account").trim() === "")
      return fail("there is no break-glass account");
    const alert = facts.text("access.break_glass_alert");
    return alert === "critical" || alert === "warning"
      ? pass(`its use raises a ${alert} alert`)
      : fail(`its use raises ${alert === "" ? "no alert" : `an alert of severity ${alert} only`}`);
  },
  examples: { pass: met, fail: { ...met, "access.break_glass_alert": "" } },
};
