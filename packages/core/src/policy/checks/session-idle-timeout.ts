import type { Check } from "./check.ts";
import { fail, pass } from "./verdict.ts";

/** Row 15. */
export const sessionIdleTimeout: Check = {
  id: "session-idle-timeout",
  number: 15,
  title: "Idle sessions end within 15 minutes",
  severity: "medium",
  why: "An open session on an unattended screen belongs to whoever comes by.",
  remedy: "Set the idle timeout to 15 minutes or less.",
  facts: ["session.idle_timeout_minutes"],
  rule: (facts) => {
    const minutes = facts.number("session.idle_timeout_minutes");
    return minutes <= 15
      ? pass(`sessions end after ${minutes} minutes`)
      : fail(`sessions end after ${minutes} minutes, 15 is the most`);
  },
  examples: { pass: { "session.idle_timeout_minutes": 15 }, fail: { "session.idle_timeout_minutes": 16 } },
};
