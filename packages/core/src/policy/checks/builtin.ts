import type { Check } from "./check.ts";
import { accessReviewed } from "./access-reviewed.ts";
import { accountLockout } from "./account-lockout.ts";
import { administratorsMfa } from "./administrators-mfa.ts";
import { alertsTested } from "./alerts-tested.ts";
import { auditLogCopied } from "./audit-log-copied.ts";
import { auditLogOn } from "./audit-log-on.ts";
import { auditLogVerifies } from "./audit-log-verifies.ts";
import { backupsEncrypted } from "./backups-encrypted.ts";
import { backupsRetained } from "./backups-retained.ts";
import { breakGlassAccount } from "./break-glass-account.ts";
import { bucketsPrivate } from "./buckets-private.ts";
import { capacityBounds } from "./capacity-bounds.ts";
import { certificatesCurrent } from "./certificates-current.ts";
import { changesApproved } from "./changes-approved.ts";
import { clocksSynchronised } from "./clocks-synchronised.ts";
import { copyInAnotherRegion } from "./copy-in-another-region.ts";
import { dataRetentionDays } from "./data-retention-days.ts";
import { databaseEncryptedAtRest } from "./database-encrypted-at-rest.ts";
import { databaseNotPublic } from "./database-not-public.ts";
import { databaseTlsVerified } from "./database-tls-verified.ts";
import { debugOff } from "./debug-off.ts";
import { developmentConveniences } from "./development-conveniences.ts";
import { egressAllowList } from "./egress-allow-list.ts";
import { httpsEnforced } from "./https-enforced.ts";
import { imagesTrusted } from "./images-trusted.ts";
import { incidentResponse } from "./incident-response.ts";
import { keyRotation } from "./key-rotation.ts";
import { keysPerEnvironment } from "./keys-per-environment.ts";
import { logMasking } from "./log-masking.ts";
import { logRetention } from "./log-retention.ts";
import { logsByTenant } from "./logs-by-tenant.ts";
import { noDefaultCredential } from "./no-default-credential.ts";
import { noLiveDataOutsideProduction } from "./no-live-data-outside-production.ts";
import { noPlainSecret } from "./no-plain-secret.ts";
import { noSharedAccount } from "./no-shared-account.ts";
import { noWildcardRole } from "./no-wildcard-role.ts";
import { otelEndpoint } from "./otel-endpoint.ts";
import { podsRestricted } from "./pods-restricted.ts";
import { productionStrict } from "./production-strict.ts";
import { prometheusUrl } from "./prometheus-url.ts";
import { publicEndpointsProtected } from "./public-endpoints-protected.ts";
import { restoreDrill } from "./restore-drill.ts";
import { retentionAndPurge } from "./retention-and-purge.ts";
import { runsWhatWasApproved } from "./runs-what-was-approved.ts";
import { secretAge } from "./secret-age.ts";
import { secretsNotShared } from "./secrets-not-shared.ts";
import { sentryDsn } from "./sentry-dsn.ts";
import { sessionIdleTimeout } from "./session-idle-timeout.ts";
import { stagingDataAnonymised } from "./staging-data-anonymised.ts";
import { stagingMirrorsProduction } from "./staging-mirrors-production.ts";
import { tenantIsolation } from "./tenant-isolation.ts";
import { tlsMinimumVersion } from "./tls-minimum-version.ts";
import { vulnerabilitiesFixed } from "./vulnerabilities-fixed.ts";

/** The checks of this package: the 45 of the table in docs/policy.md, then those of the profiles. */
export const builtinChecks: readonly Check[] = [
  tlsMinimumVersion,
  httpsEnforced,
  databaseTlsVerified,
  certificatesCurrent,
  databaseEncryptedAtRest,
  backupsEncrypted,
  bucketsPrivate,
  noPlainSecret,
  secretAge,
  keyRotation,
  keysPerEnvironment,
  secretsNotShared,
  noDefaultCredential,
  administratorsMfa,
  sessionIdleTimeout,
  accountLockout,
  noWildcardRole,
  accessReviewed,
  noSharedAccount,
  breakGlassAccount,
  databaseNotPublic,
  tenantIsolation,
  egressAllowList,
  publicEndpointsProtected,
  podsRestricted,
  imagesTrusted,
  vulnerabilitiesFixed,
  debugOff,
  auditLogOn,
  auditLogVerifies,
  auditLogCopied,
  logRetention,
  logsByTenant,
  logMasking,
  clocksSynchronised,
  alertsTested,
  incidentResponse,
  backupsRetained,
  restoreDrill,
  copyInAnotherRegion,
  capacityBounds,
  retentionAndPurge,
  noLiveDataOutsideProduction,
  changesApproved,
  runsWhatWasApproved,
  developmentConveniences,
  stagingMirrorsProduction,
  stagingDataAnonymised,
  productionStrict,
  sentryDsn,
  prometheusUrl,
  otelEndpoint,
  dataRetentionDays,
];
