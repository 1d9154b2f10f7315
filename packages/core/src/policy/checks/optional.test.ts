import { expect, it } from "vitest";
import { checkPolicy } from "../engine/run.ts";
import type { FactValues } from "../facts/fact.ts";
import type { Status } from "../model.ts";
import { frameworkOf, profileWith, scopeWith } from "../testing/scope.ts";
import { builtinChecks } from "./builtin.ts";

/** What differs from the passing example, and what comes of it: bounds, kinds of environments, other sources. */
const cases: readonly (readonly [check: string, facts: FactValues, status: Status, message?: string])[] = [
  ["tls-minimum-version", { "environment.kind": "staging", "tls.min_version": "1.2" }, "pass"],
  ["tls-minimum-version", { "environment.kind": "staging", "tls.min_version": "1.1" }, "fail"],
  ["tls-minimum-version", { "tls.min_version": "TLSv1.3" }, "pass"],
  ["tls-minimum-version", { "tls.min_version": "newest" }, "fail"],
  [
    "tls-minimum-version",
    { "probe.tls": { versions: ["TLSv1.2", "TLSv1.3"] } },
    "fail",
    "the endpoint agreed to TLSv1.2",
  ],
  ["tls-minimum-version", { "probe.tls": { versions: ["TLSv1.3"] } }, "pass"],
  ["https-enforced", { "http.redirect_to_https": false }, "fail"],
  ["https-enforced", { "http.hsts_max_age_seconds": 15_551_999 }, "fail"],
  ["https-enforced", { "http.hsts_max_age_seconds": 15_552_000 }, "pass"],
  ["https-enforced", { "probe.http": { redirects_to_https: false, hsts_max_age_seconds: 1 } }, "fail"],
  ["https-enforced", { "probe.http": { redirects_to_https: true, hsts_max_age_seconds: null } }, "fail"],
  ["database-tls-verified", { "probe.postgresql": { tls: false } }, "fail", "the server refused TLS"],
  ["certificates-current", { "certificates.list": [] }, "fail"],
  ["certificates-current", { "certificates.list": [{ name: "other" }] }, "unknown"],
  [
    "certificates-current",
    { "certificates.expiry": [{ name: "public", "not-after": "2026-07-14" }] },
    "fail",
  ],
  [
    "certificates-current",
    { "certificates.expiry": [{ name: "public", "not-after": "2026-07-15" }] },
    "pass",
  ],
  ["certificates-current", { "certificates.expiry": [{ name: "public", "not-after": "later" }] }, "unknown"],
  [
    "certificates-current",
    { "probe.certificates": [{ name: "h:1", "not-after": "2026-06-16T00:00:00Z" }] },
    "fail",
    "h:1 ends within 30 days",
  ],
  ["backups-encrypted", { "backup.enabled": false }, "not-applicable"],
  ["buckets-private", { "storage.buckets": [] }, "not-applicable"],
  ["buckets-private", { "storage.buckets": [{ name: "x", public_access: false, encrypted: false }] }, "fail"],
  ["buckets-private", { "storage.buckets": [{ name: "x", encrypted: true }] }, "fail"],
  ["no-plain-secret", { "secrets.scan_findings": [{ file: "a.ts", line: 1, rule: "key" }] }, "fail"],
  ["no-plain-secret", { "secrets.scan_findings": [] }, "pass"],
  ["secret-age", { "secrets.ages": [{ name: "a", changed: "2026-03-17" }] }, "pass"],
  ["secret-age", { "secrets.ages": [{ name: "a", changed: "2026-03-16" }] }, "fail"],
  ["secret-age", { "secrets.rotation_days": 91 }, "fail"],
  ["secret-age", { "secrets.ages": [] }, "not-applicable"],
  ["key-rotation", { "encryption.key_rotation_days": 366 }, "fail"],
  [
    "key-rotation",
    { "encryption.key_rotation_days": 30, "keys.rotated_at": [{ key: "kms/*", at: "2026-05-01" }] },
    "fail",
  ],
  // Another key's rotation says nothing of this one.
  ["key-rotation", { "keys.rotated_at": [{ key: "kms/prod/zeta", at: "2026-06-01" }] }, "unknown"],
  [
    "key-rotation",
    {
      "keys.rotated_at": [
        { key: "kms/prod/zeta", at: "2026-06-01" },
        { key: "kms/prod/acme", at: "2024-06-01" },
      ],
    },
    "fail",
    "the key kms/prod/acme is 744 days old, 365 is the most",
  ],
  [
    "key-rotation",
    {
      "keys.rotated_at": [
        { key: "kms/prod/acme", at: "2024-06-01" },
        { key: "kms/prod/*", at: "2026-06-01" },
      ],
    },
    "pass",
  ],
  [
    "key-rotation",
    {
      "keys.rotated_at": [
        { key: "kms/*", at: "2026-06-01" },
        { key: "kms/*", at: "2027-06-01" },
      ],
    },
    "unknown",
    "what was done on 2027-06-01 is not known: that day is yet to come",
  ],
  ["key-rotation", { "keys.rotated_at": [{ key: "kms/*", at: "2026-06-16" }] }, "pass"],
  ["access-reviewed", { "access.review": { at: "2027-01-01" } }, "unknown"],
  ["secret-age", { "secrets.ages": [{ name: "a", changed: "2027-01-01" }] }, "unknown"],
  ["tls-minimum-version", { "tls.rendered_protocols": ["TLSv1.2", "TLSv1.3"] }, "fail"],
  ["tls-minimum-version", { "tls.rendered_protocols": ["TLSv1.3"] }, "pass"],
  ["tls-minimum-version", { "probe.postgresql_settings": { ssl_min_protocol_version: "TLSv1.2" } }, "fail"],
  ["tls-minimum-version", { "probe.postgresql_settings": { ssl_min_protocol_version: "TLSv1.3" } }, "pass"],
  ["tls-minimum-version", { "probe.postgresql_settings": {} }, "pass"],
  ["database-tls-verified", { "probe.postgresql_settings": { ssl: "off" } }, "fail"],
  ["database-tls-verified", { "probe.postgresql_settings": { ssl: "on" } }, "pass"],
  ["no-default-credential", { "probe.postgresql_settings": { password_encryption: "md5" } }, "fail"],
  [
    "no-default-credential",
    { "probe.postgresql_settings": { password_encryption: "scram-sha-256" } },
    "pass",
  ],
  [
    "no-default-credential",
    { "probe.postgresql_access": [{ line: 9, method: "trust" }] },
    "fail",
    "the database server lets in from elsewhere: line 9 by trust of pg_hba.conf",
  ],
  ["no-default-credential", { "probe.postgresql_access": [] }, "pass"],
  [
    "audit-log-on",
    { "probe.postgresql_settings": { log_connections: "off", log_disconnections: "on" } },
    "fail",
  ],
  [
    "audit-log-on",
    { "probe.postgresql_settings": { log_connections: "all", log_disconnections: "on" } },
    "pass",
  ],
  [
    "audit-log-on",
    {
      "probe.postgresql_settings": {
        log_connections: "on",
        log_disconnections: "on",
        shared_preload_libraries: "pg_stat_statements",
      },
      "compliance.frameworks": ["gdpr", "pci-dss"],
    },
    "fail",
  ],
  [
    "audit-log-on",
    {
      "probe.postgresql_settings": {
        log_connections: "on",
        log_disconnections: "on",
        shared_preload_libraries: "pg_stat_statements, pgaudit",
      },
      "compliance.frameworks": ["pci-dss"],
    },
    "pass",
  ],
  [
    "backups-retained",
    { "probe.postgresql_settings": { archive_mode: "off", wal_level: "replica" } },
    "fail",
  ],
  ["backups-retained", { "probe.postgresql_settings": { archive_mode: "on", wal_level: "replica" } }, "pass"],
  [
    "tenant-isolation",
    { "database.tenant_isolation": "row", "probe.postgresql_tables": { count: 3, row_security: 2 } },
    "fail",
  ],
  [
    "tenant-isolation",
    { "database.tenant_isolation": "row", "probe.postgresql_tables": { count: 3, row_security: 3 } },
    "pass",
  ],
  [
    "tenant-isolation",
    { "database.tenant_isolation": "database", "probe.postgresql_tables": { count: 3, row_security: 0 } },
    "pass",
  ],
  ["pods-restricted", { "workload.rendered_privileges": ["hostNetwork"] }, "fail"],
  ["pods-restricted", { "workload.rendered_privileges": [] }, "pass"],
  ["no-default-credential", { "password.min_length": 11 }, "fail"],
  ["no-default-credential", { "secrets.weak": [{ name: "db" }] }, "fail", "weak: db"],
  ["account-lockout", { "lockout.max_attempts": 0 }, "fail"],
  ["account-lockout", { "lockout.minutes": 29 }, "fail"],
  ["account-lockout", { "lockout.minutes": 30 }, "pass"],
  ["no-wildcard-role", { "access.roles": [] }, "fail"],
  ["access-reviewed", { "access.review": { at: "2025-12-13" } }, "pass"],
  ["access-reviewed", { "access.review": { at: "2025-12-12" } }, "fail"],
  ["access-reviewed", { "access.review": { at: "2026-04-01" }, "access.review_interval_days": 60 }, "fail"],
  ["access-reviewed", { "access.review": { at: "2026-01-01" }, "access.review_interval_days": 900 }, "pass"],
  ["break-glass-account", { "access.break_glass_account": " " }, "fail"],
  ["break-glass-account", { "access.break_glass_alert": "info" }, "fail"],
  ["database-not-public", { "probe.ports": { database_open: true } }, "fail"],
  ["database-not-public", { "probe.ports": { database_open: false } }, "pass"],
  ["tenant-isolation", { "network.default_policy": "allow" }, "fail"],
  ["egress-allow-list", { "network.egress_policy": "open" }, "fail"],
  ["egress-allow-list", { "network.egress_allow": ["0.0.0.0/0"] }, "fail"],
  ["public-endpoints-protected", { "rate_limit.enabled": false, "waf.mode": "detect" }, "pass"],
  ["public-endpoints-protected", { "rate_limit.enabled": true, "waf.mode": "off" }, "pass"],
  ["images-trusted", { "images.pinned_by_digest": false }, "fail"],
  [
    "images-trusted",
    { "images.rendered": ["a/b:1"] },
    "fail",
    "rendered files name images without a digest: a/b:1",
  ],
  ["images-trusted", { "images.rendered": [`a/b@sha256:${"0".repeat(64)}`] }, "pass"],
  [
    "vulnerabilities-fixed",
    { "vulnerabilities.scan": { scannedAt: "2026-06-07T00:00:00Z", findings: [] } },
    "fail",
  ],
  [
    "vulnerabilities-fixed",
    { "vulnerabilities.scan": { scannedAt: "2026-06-14T00:00:00Z", complete: false, findings: [] } },
    "unknown",
  ],
  [
    "vulnerabilities-fixed",
    {
      "vulnerabilities.scan": {
        scannedAt: "2026-06-14T00:00:00Z",
        findings: [{ id: "C", package: "p", severity: "critical", dueAt: "2026-06-15" }],
      },
    },
    "pass",
  ],
  [
    "vulnerabilities-fixed",
    {
      "vulnerabilities.scan": {
        scannedAt: "2026-06-14T00:00:00Z",
        findings: [{ id: "C", package: "p", severity: "high", dueAt: "2020-06-15" }],
      },
    },
    "pass",
  ],
  ["debug-off", { "environment.kind": "development", "application.debug": true }, "not-applicable"],
  ["debug-off", { "environment.kind": "staging", "application.debug": true }, "fail"],
  ["audit-log-copied", { "audit.off_host_copy": false, "audit.witnesses": ["w1"] }, "pass"],
  ["audit-log-copied", { "audit.off_host_copy": false, "audit.witnesses": [] }, "fail"],
  ["log-retention", { "compliance.frameworks": ["hipaa"], "audit.retention_days": 2190 }, "pass"],
  ["log-retention", { "logging.retention_days": 364 }, "fail"],
  ["log-retention", { "logging.searchable_days": 89 }, "fail"],
  ["log-masking", { "logging.masking_mode": "none" }, "fail"],
  [
    "log-masking",
    {
      "compliance.frameworks": ["pci-dss"],
      "logging.masked_fields": ["password", "authorization", "email", "card_number"],
    },
    "pass",
  ],
  ["clocks-synchronised", { "clock.max_offset_ms": 1001 }, "fail"],
  [
    "alerts-tested",
    {
      "alerts.tests": [
        { severity: "critical", at: "2026-06-01", delivered: false },
        { severity: "warning", at: "2026-06-01", delivered: true },
        { severity: "info", at: "2026-06-01", delivered: true },
      ],
    },
    "fail",
    "not delivered: critical",
  ],
  ["incident-response", { "incident.runbook_url": "see the wiki" }, "fail"],
  ["incident-response", { "incident.contact": "" }, "fail"],
  ["backups-retained", { "backup.enabled": false }, "fail"],
  ["backups-retained", { "backup.retention_days": 6 }, "fail"],
  [
    "restore-drill",
    { "drill.last": { at: "2026-03-16", success: true } },
    "fail",
    "the last drill was 91 days ago, 90 is the most",
  ],
  ["restore-drill", { "drill.last": { at: "2026-06-01", success: false } }, "fail"],
  [
    "restore-drill",
    {
      "drill.last": {
        at: "2026-06-01",
        success: true,
        "recovery-time-minutes": 1,
        "recovery-point-minutes": 16,
      },
    },
    "fail",
  ],
  ["copy-in-another-region", { "backup.cross_region": false }, "fail"],
  ["copy-in-another-region", { "backup.copy_region": "eu-central-1" }, "fail"],
  ["capacity-bounds", { "scaling.max_replicas": 1 }, "fail"],
  ["retention-and-purge", { "purge.last": { at: "2026-05-14", "oldest-days": 1 } }, "fail"],
  ["retention-and-purge", { "purge.last": { at: "2026-06-14", "oldest-days": 366 } }, "fail"],
  [
    "no-live-data-outside-production",
    { "environment.kind": "production", "environment.data_source": "live" },
    "not-applicable",
  ],
  [
    "no-live-data-outside-production",
    { "environment.kind": "development", "environment.data_source": "live" },
    "fail",
  ],
  ["changes-approved", { "environment.kind": "staging" }, "not-applicable"],
  ["changes-approved", { "change.author_may_approve": true }, "fail"],
  ["changes-approved", { "change.approvals": 0 }, "fail"],
  [
    "changes-approved",
    { "change.approvals": 2, "release.approval": { author: "ann", approvers: ["ben", "ben"] } },
    "fail",
  ],
  [
    "runs-what-was-approved",
    { "processors.register": [{ name: "x", purpose: "y", country: "DE" }] },
    "fail",
    "no complete entry for x",
  ],
  ["runs-what-was-approved", { "release.running": { approved: "a", running: "" } }, "fail"],
  ["development-conveniences", { "environment.kind": "production" }, "not-applicable"],
  ["staging-mirrors-production", { "staging.differences": null }, "not-applicable"],
  ["staging-data-anonymised", { "environment.data_source": "synthetic" }, "fail"],
  ["production-strict", { "application.profiling_percent": 5 }, "pass"],
  ["production-strict", { "application.profiling_percent": 6 }, "fail"],
  ["production-strict", { "environment.data_source": "synthetic" }, "fail"],
  ["sentry-dsn", { "monitoring.sentry_dsn": "https://key@errors.example.com/42" }, "pass"],
  ["sentry-dsn", { "monitoring.sentry_dsn": "https://errors.example.com/42" }, "fail"],
  ["sentry-dsn", { "monitoring.sentry_dsn": "https://key@errors.example.com/" }, "fail"],
  ["sentry-dsn", { "monitoring.sentry_dsn": "http://key@errors.example.com/42" }, "fail"],
  ["sentry-dsn", { "monitoring.sentry_enabled": false }, "fail"],
  ["sentry-dsn", { "environment.kind": "development", "monitoring.sentry_dsn": null }, "not-applicable"],
  ["prometheus-url", { "monitoring.prometheus_url": "prometheus" }, "fail"],
  ["prometheus-url", { "monitoring.prometheus_enabled": false }, "fail"],
  ["otel-endpoint", { "monitoring.otel_endpoint": "ftp://collector" }, "fail"],
  ["otel-endpoint", { "monitoring.otel_endpoint": "grpc://collector:4317" }, "pass"],
  ["data-retention-days", { "retention.days": 0 }, "fail"],
  ["data-retention-days", { "retention.days": 1.5 }, "fail"],
  ["data-retention-days", { "environment.kind": "development", "retention.days": 0 }, "not-applicable"],
];

it.each<[string, FactValues, Status, string?]>(cases as [string, FactValues, Status, string?][])(
  "%s with %j is %s",
  (id, facts, status, message) => {
    const check = builtinChecks.find((each) => each.id === id);
    if (check === undefined) throw new Error(`there is no check ${id}`);
    const [result] = checkPolicy({
      scopes: [
        scopeWith({ ...check.examples.pass, ...facts }, { profile: profileWith([]), frameworks: ["own"] }),
      ],
      checks: [check],
      frameworks: [frameworkOf("own", [check])],
      waivers: [],
      at: new Date("2026-06-15T12:00:00Z"),
    }).results;
    expect(result?.status, result?.message).toBe(status);
    if (message !== undefined) expect(result?.message).toBe(message);
  },
);
