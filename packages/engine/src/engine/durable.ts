import { setTimeout as sleep } from "node:timers/promises";
import { DBOS } from "@dbos-inc/dbos-sdk";
import { DBOSExecutor } from "@dbos-inc/dbos-sdk/internal/dbos-executor";
import { retriablePostgresException } from "@dbos-inc/dbos-sdk/internal/system_database";
import { dbRetryConfig } from "@dbos-inc/dbos-sdk/internal/utils";
import { LotseError, type Sensitive } from "@lotse/core/kernel";
import { isConnectionLoss } from "../database/connection-loss.ts";
import { dbosSchema } from "../database/migrate.ts";
import { silentLogger } from "../database/silent-logger.ts";
import { workflowIdOf } from "../rollout/rollout-store.ts";
import type { Durably } from "../rollout/workflow.ts";
import { DispatchWatch } from "./dispatch-watch.ts";
import { durablePool } from "./durable-pool.ts";
import type { RunToStart } from "./starter.ts";

/**
 * The version of what workflows do. It stays the same when the code changes, for a worker picks up the work of
 * its own version only; a change of the steps is made with `DBOS.patch`.
 */
export const workflowVersion = "lotse-1";

const queueName = "lotse-rollouts";

/** How often the queue is looked at, in milliseconds. */
const queuePollMs = 50;

/** How often a run may be handed on before it is taken for what kills the workers. */
const maxRecoveryAttempts = 100;

/** How often, and with which wait between in milliseconds, a worker tries to come up. */
const launchAttempts = 60;
const launchWaitMs = 500;

/** What runs durably: a run of a rollout. */
export type DurableRun = (durably: Durably, rollout: string, run: number) => Promise<unknown>;

/** DBOS as we use it. The library keeps its state in the module, so there is one in a process. */
export interface Durable {
  /** Keeps it looking for work until `stop`. */
  run(): Promise<void>;
  enqueue(run: RunToStart): Promise<void>;
  /** Looks at the queue now. */
  look(): void;
  recover(executors: readonly string[]): Promise<void>;
  /** Stops; what is under way here stays as it is, for others to go on with. */
  stop(): Promise<void>;
}

/**
 * Starts DBOS. The tables are there already.
 *
 * @throws LotseError `engine.lease` when it runs in this process already
 */
export async function startDurable(
  url: Sensitive<string>,
  executor: string,
  act: DurableRun,
): Promise<Durable> {
  if (DBOS.isInitialized()) {
    throw new LotseError({ code: "engine.lease", message: "there is an engine in this process already" });
  }
  // After an outage work must go on within seconds; the library would wait for up to a minute.
  dbRetryConfig.initialBackoffSec = 0.1;
  dbRetryConfig.maxBackoffSec = 1;
  const pool = durablePool(url, executor);
  DBOS.setConfig({
    name: "lotse",
    systemDatabaseUrl: url.reveal(),
    systemDatabaseSchemaName: dbosSchema,
    systemDatabasePool: pool,
    applicationVersion: workflowVersion,
    executorID: executor,
    enablePatching: true,
    runMigrations: false,
    logger: silentLogger,
  });
  const durably: Durably = (name, step) => DBOS.runStep(step, { name });
  const workflow = DBOS.registerWorkflow(
    async (rollout: string, run: number): Promise<string> => String(await act(durably, rollout, run)),
    { name: "rollout", maxRecoveryAttempts },
  );
  await launch().catch(async (error: unknown) => {
    await pool.end();
    throw error;
  });
  const watch = new DispatchWatch(() => DBOSExecutor.globalInstance);
  return {
    enqueue: async ({ rollout, run, partition }) => {
      const workflowID = workflowIdOf(rollout, run);
      const enqueueOptions = { queuePartitionKey: partition };
      await DBOS.startWorkflow(workflow, { workflowID, queueName, enqueueOptions })(rollout, run);
    },
    recover: async (executors) => {
      await DBOSExecutor.globalInstance?.recoverPendingWorkflows([...executors]);
    },
    look: () => watch.look(),
    run: () => watch.run(),
    stop: async () => {
      watch.stop();
      await DBOS.shutdown({ deregister: true });
      // Whatever is still under way here must not be written down any more.
      await pool.end();
    },
  };
}

/** Launches, again and again while the server is away: the library does so for everything but this. */
async function launch(): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await DBOS.launch();
      await DBOS.registerQueue(queueName, {
        partitionConcurrency: 1,
        minPollingIntervalMs: queuePollMs,
        onConflict: "always_update",
      });
      return;
    } catch (error) {
      await DBOS.shutdown().catch(() => undefined);
      const isAway = isConnectionLoss(error) || retriablePostgresException(error);
      if (!isAway || attempt === launchAttempts) throw error;
      await sleep(launchWaitMs);
    }
  }
}
