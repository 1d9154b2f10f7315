import type { Check } from "./check.ts";
import { fail, pass } from "./verdict.ts";

const met = { "clock.servers": ["time.example.com"], "clock.max_offset_ms": 100 };

/** Row 35. */
export const clocksSynchronised: Check = {
  id: "clocks-synchronised",
  number: 35,
  title: "Clocks are synchronised",
  severity: "low",
  why: "Logs of several machines only tell a story when their times agree.",
  remedy: "Name time servers, and alert when a clock is more than a second off.",
  facts: ["clock.servers", "clock.max_offset_ms"],
  rule: (facts) => {
    const servers = facts.list("clock.servers").length;
    if (servers === 0) return fail("no time server is named");
    const most = facts.number("clock.max_offset_ms");
    return most > 1000
      ? fail(`${most} ms off raise no alert`)
      : pass(`${servers} servers, ${most} ms at most`);
  },
  examples: { pass: met, fail: { ...met, "clock.servers": [] } },
};
