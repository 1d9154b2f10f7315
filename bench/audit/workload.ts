import type { AuditRecord } from "../../packages/core/src/audit/index.ts";

const actions = ["secret.read", "secret.write", "config.set", "release.create", "rollout.deploy"];

/** The event number `at` of the workload: fifty actors, a hundred tenants, five actions. */
export function eventAt(at: number): AuditRecord {
  const deploys = at % 5 === 4;
  return {
    actor: { kind: at % 3 === 0 ? "ci" : "user", id: `person-${at % 50}@example.com` },
    scope: { environment: at % 2 === 0 ? "production" : "staging", tenant: `tenant-${at % 100}` },
    action: actions[at % actions.length] as string,
    object: deploys ? `release-${at % 1000}` : `database.postgresql.password-${at % 1000}`,
    ...(deploys && { version: `v1.${at % 100}.0`, details: { strategy: "blue-green", wave: at % 4 } }),
    fingerprint: `hmac:${(at * 2_654_435_761).toString(16)}`,
    request: `request-${at}`,
    correlation: `run-${Math.floor(at / 20)}`,
    outcome: "success",
  };
}
