import type { FactKind } from "./fact.ts";

/** What is known about a fact's name before any value. */
export interface FactDefinition {
  readonly kind: FactKind;
  readonly title: string;
  /** The configuration paths that are asked in turn; `policy/policy.yml` may name others. */
  readonly paths?: readonly string[];
  /** Who supplies it where no path does. */
  readonly source?: string;
}

const at = (kind: FactKind, title: string, ...paths: string[]): FactDefinition => ({ kind, title, paths });
const from = (source: string, kind: FactKind, title: string): FactDefinition => ({ kind, title, source });

/**
 * Every fact that the checks of this package read. The paths fit the layout of the example workspace; where
 * a workspace differs, its `policy/policy.yml` says so under `facts`.
 */
export const factCatalogue = {
  "environment.kind": from(
    "profile",
    "text",
    "what the environment is for: development, staging or production",
  ),
  "environment.data_source": at("text", "live, anonymised or synthetic data", "environment.data_source"),
  "compliance.frameworks": from("frameworks", "list", "the frameworks that apply to the tenant"),
  "compliance.undescribed_frameworks": from("frameworks", "list", "those it names that nobody described"),

  "tls.min_version": at("text", "oldest TLS version an endpoint speaks", "security.tls.min_version"),
  "http.redirect_to_https": at("flag", "HTTP redirects to HTTPS", "security.tls.https_redirect"),
  "http.hsts_enabled": at("flag", "Strict-Transport-Security is sent", "security.tls.hsts.enabled"),
  "http.hsts_max_age_seconds": at(
    "number",
    "how long browsers remember it",
    "security.tls.hsts.max_age_seconds",
  ),
  "tls.rendered_protocols": from("templates", "list", "the TLS versions that rendered files allow"),
  "certificates.list": at("list", "the certificates in use", "security.certificates"),
  "certificates.expiry": from("records", "list", "until when each certificate is valid"),

  "database.ssl_mode": at("text", "libpq's sslmode", "database.postgresql.cluster.tls_mode"),
  "database.encrypted_at_rest": at(
    "flag",
    "the data files are encrypted",
    "database.postgresql.encryption_at_rest.enabled",
  ),
  "database.public_access": at("flag", "reachable from the internet", "database.postgresql.public_access"),
  "database.username": at("text", "the role of the application", "database.postgresql.username"),
  "storage.buckets": at("list", "object storage", "storage.buckets"),
  "encryption.key": at(
    "text",
    "name of the key that encrypts what is stored",
    "security.encryption_at_rest.key",
  ),
  "encryption.key_rotation_days": at(
    "number",
    "oldest a key may get",
    "security.encryption_at_rest.key_rotation_days",
  ),
  "encryption.key_shared_with": from("comparison", "list", "other environments that use the same key"),
  "keys.rotated_at": from("records", "list", "when each key was last rotated, by name or pattern"),

  "secrets.plain_text": from("configuration", "list", "secrets that stand in the configuration as they are"),
  "secrets.scan_findings": from("secrets", "list", "what a scan of the files found"),
  "secrets.ages": from("secrets", "list", "when each secret was last changed"),
  "secrets.rotation_days": at("number", "oldest a secret may get", "security.secrets.rotation_days"),
  "secrets.shared_values": from("secrets", "list", "secrets whose value occurs in another scope"),
  "secrets.weak": from("secrets", "list", "secrets whose value is short, common or a default"),
  "secrets.recipients": from("secrets", "list", "who can open the secrets"),

  "mfa.administrators": at(
    "flag",
    "administrators use a second factor",
    "security.authentication.mfa.administrators",
  ),
  "session.idle_timeout_minutes": at(
    "number",
    "an idle session ends",
    "security.authentication.session.idle_timeout_minutes",
  ),
  "lockout.max_attempts": at(
    "number",
    "wrong tries until lock-out",
    "security.authentication.lockout.max_attempts",
  ),
  "lockout.minutes": at("number", "time locked out", "security.authentication.lockout.minutes"),
  "password.min_length": at(
    "number",
    "characters of a password",
    "security.authentication.password.min_length",
  ),
  "access.roles": at("list", "roles and their permissions", "security.access.roles"),
  "access.review": from("records", "map", "the last review of who may do what"),
  "access.review_interval_days": at("number", "days between reviews", "security.access.review_interval_days"),
  "access.shared_accounts": at("flag", "several people use one account", "security.access.shared_accounts"),
  "access.break_glass_account": at("text", "account for emergencies", "security.access.break_glass.account"),
  "access.break_glass_alert": at(
    "text",
    "severity of the alert on its use",
    "security.access.break_glass.alert_severity",
  ),

  "database.tenant_isolation": at(
    "text",
    "what separates tenants in the database, such as `row`",
    "database.postgresql.tenant_isolation",
  ),
  "network.isolation": at("text", "what separates tenants", "security.network.isolation"),
  "network.default_policy": at(
    "text",
    "what happens to traffic nobody allowed",
    "security.network.default_policy",
  ),
  "network.egress_policy": at("text", "how ways out are chosen", "security.network.egress.policy"),
  "network.egress_allow": at("list", "hosts that may be called", "security.network.egress.allow"),
  "waf.mode": at("text", "web application firewall", "security.network.waf"),
  "rate_limit.enabled": at("flag", "requests are limited", "application.api.rate_limit.enabled"),
  "workload.pod_security": at(
    "text",
    "Kubernetes pod security standard",
    "security.workload.pod_security_standard",
  ),
  "images.pinned_by_digest": at(
    "flag",
    "images are named by digest",
    "security.workload.images.pinned_by_digest",
  ),
  "images.signature_required": at(
    "flag",
    "unsigned images do not start",
    "security.workload.images.signature_required",
  ),
  "images.rendered": from("templates", "list", "the images that rendered files name"),
  "workload.rendered_privileges": from(
    "templates",
    "list",
    "what rendered files let containers do that restricted pods may not",
  ),

  "vulnerabilities.scan": from("vulnerabilities", "map", "the last scan and its open findings"),
  "vulnerabilities.interval_days": at(
    "number",
    "days between scans",
    "security.vulnerability_scanning.interval_days",
  ),

  "application.debug": at("flag", "detailed errors to the caller", "application.debug"),
  "application.hot_reload": at("flag", "restart on a change of code", "application.hot_reload"),
  "application.mock_services": at("list", "services answered by fixtures", "application.mock_services"),
  "application.profiling": at("flag", "continuous profiler", "application.profiling.enabled"),
  "application.profiling_percent": at(
    "number",
    "share of requests profiled",
    "application.profiling.sample_percent",
  ),

  "audit.enabled": at("flag", "reads and changes are recorded", "logging.audit.enabled"),
  "audit.verification": from("audit", "map", "whether the log is what was written"),
  "audit.off_host_copy": at("flag", "a copy on another machine", "logging.audit.off_host_copy.enabled"),
  "audit.witnesses": from("audit", "list", "who keeps checkpoints of the log on other machines"),
  "audit.retention_days": at("number", "audit entries are kept", "logging.audit.retention_days"),
  "logging.retention_days": at("number", "logs are kept", "logging.retention_days"),
  "logging.searchable_days": at("number", "of them at hand", "logging.searchable_days"),
  "logging.tenant_field": at("text", "field that tells tenants apart", "logging.tenant_field"),
  "logging.masking_mode": at("text", "how much is hidden", "logging.masking.mode"),
  "logging.masked_fields": at("list", "what is hidden", "logging.masking.fields"),
  "clock.servers": at("list", "NTP servers", "monitoring.clock.servers"),
  "clock.max_offset_ms": at("number", "further off raises an alert", "monitoring.clock.max_offset_ms"),

  "alerts.tests": from("records", "list", "the last test alert of each severity"),
  "alerts.test_interval_days": at(
    "number",
    "days between test alerts",
    "monitoring.alerts.test_interval_days",
  ),
  "incident.runbook_url": at("text", "what to do", "compliance.incident.runbook_url"),
  "incident.contact": at("text", "who is told", "compliance.incident.contact"),
  "incident.notify_within_hours": at("number", "how soon", "compliance.incident.notify_within_hours"),

  "backup.enabled": at("flag", "backups are made", "backup.enabled"),
  "backup.encrypted": at("flag", "backups are encrypted", "backup.encryption.enabled"),
  "backup.retention_days": at("number", "backups are kept", "backup.retention_days"),
  "backup.point_in_time_recovery": at("flag", "back to any moment", "backup.point_in_time_recovery.enabled"),
  "backup.cross_region": at("flag", "a second copy elsewhere", "backup.cross_region.enabled"),
  "backup.copy_region": at("text", "where the second copy is", "backup.cross_region.region"),
  "backup.rto_minutes": at("number", "back in service within", "backup.restore_drill.recovery_time_minutes"),
  "backup.rpo_minutes": at("number", "data lost at most", "backup.restore_drill.recovery_point_minutes"),
  "drill.last": from("records", "map", "the last restore drill"),
  "region.name": at("text", "where the data is", "region.name"),
  "residency.allowed_regions": at("list", "where copies may be", "compliance.data_residency.allowed_regions"),

  "scaling.min_replicas": at("number", "replicas at least", "scaling.horizontal.min_replicas"),
  "scaling.max_replicas": at("number", "replicas at most", "scaling.horizontal.max_replicas"),
  "scaling.alarm_percent": at(
    "number",
    "alarm at this share of the maximum",
    "scaling.alarm_at_percent_of_max",
  ),

  "retention.days": at("number", "personal data is kept", "compliance.data_retention_days"),
  "purge.enabled": at("flag", "older data is removed", "compliance.purge.enabled"),
  "purge.last": from("records", "map", "the last purge"),
  "change.approvals": at("number", "people who agree to a change", "compliance.change_control.approvals"),
  "change.author_may_approve": at(
    "flag",
    "the author counts as one of them",
    "compliance.change_control.author_may_approve",
  ),
  "release.approval": from("releases", "map", "author and approver of what runs"),
  "release.running": from("releases", "map", "what was approved and what runs"),
  "processors.register": at("list", "register of processors", "compliance.processors"),

  "monitoring.sentry_enabled": at("flag", "errors are reported", "monitoring.sentry.enabled"),
  "monitoring.sentry_dsn": at("text", "where errors go", "monitoring.sentry.dsn"),
  "monitoring.prometheus_enabled": at("flag", "metrics are collected", "monitoring.prometheus.enabled"),
  "monitoring.prometheus_url": at("text", "where metrics are", "monitoring.prometheus.url"),
  "monitoring.otel_enabled": at("flag", "traces are collected", "monitoring.otel.enabled"),
  "monitoring.otel_endpoint": at("text", "where traces go", "monitoring.otel.endpoint"),
  "staging.differences": from("comparison", "list", "security settings that differ from production's"),

  "probe.tls": from("probe", "map", "TLS versions that the endpoint agreed to"),
  "probe.http": from("probe", "map", "redirect and headers that the endpoint sent"),
  "probe.certificates": from("probe", "list", "certificates that endpoints showed"),
  "probe.ports": from("probe", "map", "ports that accepted a connection"),
  "probe.postgresql": from("probe", "map", "how the database server answered a request for TLS"),
  "probe.postgresql_settings": from("probe", "map", "how the database server is set up"),
  "probe.postgresql_tables": from("probe", "map", "its tables, and how many have row-level security"),
  "probe.postgresql_access": from(
    "probe",
    "list",
    "its rules that let anybody in, or take passwords in the clear",
  ),
} as const satisfies Readonly<Record<string, FactDefinition>>;

/** The name of a fact of {@link factCatalogue}. */
export type FactName = keyof typeof factCatalogue;

/** What starts the name of a fact that is a configuration path: `config:queue.tls.enabled`. */
export const pathPrefix = "config:";

/** The definition of a fact; `undefined` for a name that the catalogue does not have. */
export function definitionOf(name: string): FactDefinition | undefined {
  if (name.startsWith(pathPrefix)) {
    const path = name.slice(pathPrefix.length);
    return { kind: "text", title: `the value of ${path}`, paths: [path] };
  }
  return Object.hasOwn(factCatalogue, name) ? factCatalogue[name as FactName] : undefined;
}

/**
 * The configuration paths of all facts.
 *
 * @param own - what the workspace says in `policy/policy.yml`; its facts may be new ones
 */
export function factPaths(
  own: Readonly<Record<string, readonly string[]>> = {},
): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const [name, definition] of Object.entries<FactDefinition>(factCatalogue)) {
    if (definition.paths !== undefined) found.set(name, definition.paths);
  }
  for (const [name, paths] of Object.entries(own)) found.set(name, paths);
  return found;
}

/** Where a missing fact would come from, to end the sentence "… is not known: ". */
export function originOf(name: string, own: ReadonlyMap<string, readonly string[]>): string {
  const paths = own.get(name) ?? definitionOf(name)?.paths;
  if (paths !== undefined) return `nothing stands at ${paths.join(" or ")}`;
  const source = definitionOf(name)?.source;
  switch (source) {
    case "records":
      return "policy/records has no record of it for this scope";
    case "secrets":
      return "the metadata of the secrets is not at hand";
    case "audit":
      return "there is no audit log";
    case "releases":
      return "nothing was released to this scope";
    case "vulnerabilities":
      return "no scan has been run";
    case "templates":
      return "no templates are rendered for this scope";
    case "probe":
      return "the running system was not probed";
    default:
      return "no source supplies it";
  }
}
