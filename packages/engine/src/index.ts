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
export { migrate } from "./database/migrate.ts";
export { openEngine, type Engine, type EngineOptions } from "./engine/open-engine.ts";
export { Rollouts, type StartOptions, type WatchOptions } from "./rollout/rollouts.ts";
export type { WhenBusy } from "./rollout/rollout-store.ts";
export type { ActStep, EnginePlan, EnginePlanInput, PlanStep } from "./rollout/plan.ts";
export type {
  RolloutState,
  RolloutStatus,
  StepResult,
  StepStatus,
  TenantOutcome,
  TenantState,
} from "./rollout/status.ts";
export type { Effect, RolloutDriver } from "./rollout/driver.ts";
export {
  enginePlanOf,
  targetDriver,
  type FencedTarget,
  type TargetDriverParts,
} from "./rollout/target-driver.ts";
export { PostgresAuditStore, type PostgresAuditOptions } from "./audit/postgres-store.ts";
export { recordIn } from "./audit/outbox.ts";
export { Sequencer, type SequencerParts } from "./audit/sequencer.ts";
