import type { Check } from "./check.ts";
import { fail, pass } from "./verdict.ts";

const met = { "scaling.min_replicas": 2, "scaling.max_replicas": 10, "scaling.alarm_percent": 80 };

/** Row 41. */
export const capacityBounds: Check = {
  id: "capacity-bounds",
  number: 41,
  title: "Capacity has bounds and alarms",
  severity: "low",
  why: "Without a bound one tenant takes everything; without an alarm nobody sees it coming.",
  remedy: "Set the least and the most replicas, and an alarm below the most.",
  facts: ["scaling.min_replicas", "scaling.max_replicas", "scaling.alarm_percent"],
  rule: (facts) => {
    const [least, most] = [facts.number("scaling.min_replicas"), facts.number("scaling.max_replicas")];
    if (least < 1 || most < least) return fail(`the bounds ${least} to ${most} make no sense`);
    const alarm = facts.number("scaling.alarm_percent");
    return alarm > 0 && alarm < 100
      ? pass(`${least} to ${most} replicas, alarm at ${alarm} %`)
      : fail(`the alarm at ${alarm} % comes too late or never`);
  },
  examples: { pass: met, fail: { ...met, "scaling.alarm_percent": 100 } },
};
