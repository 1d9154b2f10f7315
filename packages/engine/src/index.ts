/**
 * Durable rollouts on PostgreSQL, embedded or shared: they survive the death of any worker, of the database and
 * of the network between them, and go on where they were.
 */
export { openDatabase, type DatabaseLocation, type OpenDatabase } from "./postgres/open-database.ts";
export { defaultServerDirectory } from "./postgres/layout.ts";
export {
  startEmbedded,
  stopEmbedded,
  type EmbeddedOptions,
  type EmbeddedServer,
} from "./postgres/embedded.ts";
export { Database, type DatabaseOptions, type Transaction } from "./database/database.ts";
export { identityOf } from "./database/identity.ts";
export { migrate } from "./database/migrate.ts";
export {
  beginEngine,
  openEngine,
  type BegunEngine,
  type Engine,
  type EngineOptions,
} from "./engine/open-engine.ts";
export { anyWorkerAlive } from "./engine/workers.ts";
export type { Retention } from "./engine/pruner.ts";
export type { Approval } from "./rollout/commands.ts";
export type { RolloutRequestInput } from "./rollout/request.ts";
export { defaultRetries, type RetryPolicy } from "./rollout/retries.ts";
export { Rollouts, type StartOptions, type WatchOptions } from "./rollout/rollouts.ts";
export type { WhenBusy } from "./rollout/rollout-store.ts";
export {
  endStates,
  type RolloutState,
  type RolloutStatus,
  type StepKind,
  type StepResult,
  type StepStatus,
  type TenantOutcome,
  type TenantProgress,
} from "./rollout/status.ts";
export { databaseLogDirectory, openDatabaseLog, type DatabaseLogOptions } from "./audit/database-log.ts";
export { PostgresAuditStore, type PostgresAuditOptions } from "./audit/postgres-store.ts";
export { changeAndRecord, recordIn, type AuditedChange } from "./audit/outbox.ts";
export { Sequencer, type SequencerParts } from "./audit/sequencer.ts";
export { postgresDeployments } from "./releases/postgres-deployments.ts";
export { bringRelease, fetchRelease, pushRelease } from "./releases/shared-releases.ts";
export { sharingDriver } from "./releases/sharing-driver.ts";
