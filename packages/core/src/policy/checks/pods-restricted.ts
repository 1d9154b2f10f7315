import type { Check } from "./check.ts";
import { fail, pass } from "./verdict.ts";

/** Row 25. */
export const podsRestricted: Check = {
  id: "pods-restricted",
  number: 25,
  title: "Pods run under the restricted standard",
  severity: "high",
  why: "What breaks out of its process must not find itself root on the machine.",
  remedy:
    "Set the pod security standard to restricted (https://kubernetes.io/docs/concepts/security/pod-security-standards/).",
  facts: ["workload.pod_security"],
  rule: (facts) => {
    const standard = facts.text("workload.pod_security");
    return standard === "restricted" ? pass("restricted") : fail(`the standard is ${standard}`);
  },
  examples: {
    pass: { "workload.pod_security": "restricted" },
    fail: { "workload.pod_security": "baseline" },
  },
};
