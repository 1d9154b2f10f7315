import type { Check } from "./check.ts";
import { listed, textsOf } from "./support.ts";
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
  optional: ["workload.rendered_privileges"],
  rule: (facts) => {
    const standard = facts.text("workload.pod_security");
    if (standard !== "restricted") return fail(`the standard is ${standard}`);
    const privileges = facts.has("workload.rendered_privileges")
      ? textsOf(facts, "workload.rendered_privileges")
      : [];
    return privileges.length === 0
      ? pass("restricted")
      : fail(
          `rendered files ask for ${listed([...new Set(privileges)])}`,
          privileges.map((_, index) => ({ fact: "workload.rendered_privileges", path: [String(index)] })),
        );
  },
  examples: {
    pass: { "workload.pod_security": "restricted" },
    fail: { "workload.pod_security": "baseline" },
  },
};
