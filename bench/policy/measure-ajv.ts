// What of the rules JSON Schema can say, by Ajv, one schema a check: node measure-ajv.ts DIRECTORY
import { Ajv2020 } from "ajv/dist/2020.js";
import { toJson } from "../../packages/core/src/config/index.ts";
import { factCatalogue, type FactName } from "../../packages/core/src/policy/index.ts";
import { countOf, peakMegabytes, timed, type Measured } from "./measured.ts";
import { openWorkload } from "./workspace.ts";

const [directory = ""] = process.argv.slice(2);
const { scopes, snapshotOf } = await openWorkload(directory);

/** Each check as what its facts have to be. Records, comparisons and terms are beyond a schema. */
const rules: Readonly<Record<string, Partial<Record<FactName, object>>>> = {
  "tls-minimum-version": { "tls.min_version": { enum: ["1.2", "1.3"] } },
  "https-enforced": { "http.redirect_to_https": { const: true }, "http.hsts_enabled": { const: true } },
  "database-tls-verified": { "database.ssl_mode": { const: "verify-full" } },
  "database-encrypted-at-rest": { "database.encrypted_at_rest": { const: true } },
  "backups-encrypted": { "backup.encrypted": { const: true } },
  "buckets-private": {
    "storage.buckets": {
      items: { properties: { public_access: { const: false }, encrypted: { const: true } } },
    },
  },
  "administrators-mfa": { "mfa.administrators": { const: true } },
  "session-idle-timeout": { "session.idle_timeout_minutes": { maximum: 15 } },
  "account-lockout": { "lockout.max_attempts": { maximum: 10 } },
  "no-wildcard-role": {
    "access.roles": { items: { properties: { permissions: { items: { not: { pattern: "[*]" } } } } } },
  },
  "no-shared-account": { "access.shared_accounts": { const: false } },
  "break-glass-account": { "access.break_glass_account": { minLength: 1 } },
  "database-not-public": { "database.public_access": { const: false } },
  "tenant-isolation": {
    "network.isolation": { enum: ["namespace", "dedicated"] },
    "network.default_policy": { const: "deny" },
  },
  "egress-allow-list": { "network.egress_policy": { const: "allow-list" } },
  "pods-restricted": { "workload.pod_security": { const: "restricted" } },
  "images-trusted": {
    "images.pinned_by_digest": { const: true },
    "images.signature_required": { const: true },
  },
  "debug-off": { "application.debug": { const: false } },
  "audit-log-on": { "audit.enabled": { const: true } },
  "audit-log-copied": { "audit.off_host_copy": { const: true } },
  "log-retention": { "logging.retention_days": { minimum: 365 }, "logging.searchable_days": { minimum: 90 } },
  "logs-by-tenant": { "logging.tenant_field": { minLength: 1 } },
  "log-masking": { "logging.masked_fields": { contains: { const: "password" } } },
  "clocks-synchronised": { "clock.servers": { minItems: 1 }, "clock.max_offset_ms": { maximum: 1000 } },
  "incident-response": { "incident.notify_within_hours": { maximum: 72 } },
  "backups-retained": {
    "backup.retention_days": { minimum: 7 },
    "backup.point_in_time_recovery": { const: true },
  },
  "copy-in-another-region": { "backup.cross_region": { const: true } },
  "capacity-bounds": { "scaling.alarm_percent": { exclusiveMaximum: 100 } },
  "data-retention-days": { "retention.days": { minimum: 1, maximum: 2557 } },
};

/** A schema that asks for values at the paths of facts. */
function schemaOf(facts: Partial<Record<FactName, object>>): object {
  const all = Object.entries(facts).map(([name, schema]) => {
    const definition = factCatalogue[name as FactName];
    const path = "paths" in definition ? (definition.paths[0] ?? "") : "";
    return path
      .split(".")
      .reduceRight<object>(
        (inner, key) => ({ type: "object", required: [key], properties: { [key]: inner } }),
        schema,
      );
  });
  return { allOf: all };
}

const ajv = new Ajv2020({ strict: false, allErrors: true });
const validators = Object.values(rules).map((facts) => ajv.compile(schemaOf(facts)));
const statuses: string[] = [];
const { wallMs, cpuMs } = timed(() => {
  for (const scope of scopes) {
    const value: unknown = JSON.parse(toJson(snapshotOf(scope).root, 0));
    for (const validate of validators) statuses.push(validate(value) ? "pass" : "fail");
  }
});
const measured: Measured = {
  name: `Ajv, ${validators.length} of the checks as schemas, no evidence`,
  wallMs,
  cpuMs,
  peakMegabytes: peakMegabytes(),
  verdicts: statuses.length,
  statuses: countOf(statuses),
};
process.stdout.write(JSON.stringify(measured));
