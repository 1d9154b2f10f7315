import { LotseError, type Sensitive } from "@lotse/core/kernel";
import type { RolloutDriver } from "@lotse/core/release";
import { Sequencer, type SequencerParts } from "../audit/sequencer.ts";
import { Database } from "../database/database.ts";
import { migrate } from "../database/migrate.ts";
import { Controls } from "../rollout/controls.ts";
import type { FaultPoint } from "../rollout/execution.ts";
import { never } from "../rollout/rest.ts";
import { defaultRetries, type RetryPolicy } from "../rollout/retries.ts";
import { Rollouts } from "../rollout/rollouts.ts";
import { workflowIdOf } from "../rollout/rollout-store.ts";
import { runRollout } from "../rollout/workflow.ts";
import { ClaimWatch } from "./claim-watch.ts";
import { Lease, newExecutorId } from "./lease.ts";
import { Pruner, type Retention } from "./pruner.ts";
import { Reaper } from "./reaper.ts";
import { Starter } from "./starter.ts";

/** How an engine is opened. */
export interface EngineOptions {
  /** The database; see `openDatabase`. */
  readonly url: Sensitive<string>;
  /** Brings the database back where it died; see `openDatabase`. */
  readonly revive?: (() => Promise<void>) | undefined;
  /** What carries out the steps. Left out, this process starts and watches rollouts and runs none itself. */
  readonly driver?: RolloutDriver | ((database: Database) => RolloutDriver | Promise<RolloutDriver>);
  /**
   * Called when another worker has taken over what this one was doing. It must end the process: nothing that
   * is under way here may go on. @defaultValue ends the process with the status of `engine.lease`
   */
  readonly onLost?: (error: LotseError) => void;
  /**
   * Opens the audit log over a store; this worker then gives the entries that were written with changes their
   * place in it. At least one worker must. @defaultValue they wait for one that does
   */
  readonly audit?: SequencerParts["open"];
  /** Told what keeps entries of the audit log waiting. */
  readonly onAuditError?: (error: LotseError) => void;
  /** How often a step is tried whose failure may pass. @defaultValue {@link defaultRetries} */
  readonly retries?: RetryPolicy;
  /** For how long what has ended is kept. @defaultValue see `Pruner` */
  readonly retention?: Retention;
  /** Called at places where a worker may die, for tests. */
  readonly onPoint?: (point: FaultPoint, key: string) => Promise<void> | void;
}

/** An engine that is open. */
export interface Engine {
  readonly rollouts: Rollouts;
  readonly database: Database;
  /** This worker; null when it runs nothing itself. */
  readonly executor: string | null;
  /** Stops. Rollouts under way stay as they are, and other workers go on with them at once. */
  close(): Promise<void>;
}

/** An engine whose worker is still coming up. Rollouts can be handed over to it already. */
export interface BegunEngine extends Engine {
  /** Is there when the worker is at work. @throws as {@link openEngine} */
  readonly working: Promise<void>;
}

/**
 * Opens the engine: brings the tables up to date, and with a driver starts a worker. Any number of workers on
 * any number of machines may share a database, one in each process.
 *
 * @throws LotseError `database.unavailable`, `engine.lease` when there is a worker in this process already
 */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const engine = await beginEngine(options);
  try {
    await engine.working;
    return engine;
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/**
 * The same without waiting for the worker, for who has something to hand over: the worker begins with it.
 *
 * @throws LotseError `database.unavailable`
 */
export async function beginEngine(options: EngineOptions): Promise<BegunEngine> {
  const { url, driver, revive } = options;
  const opening = new Database({ url, connections: 2, giveUpMs: 15_000 });
  try {
    await migrate(opening, url);
  } finally {
    await opening.close();
  }
  const database = new Database({ url, ...(revive === undefined ? {} : { revive }) });
  const executor = driver === undefined ? null : newExecutorId();
  let worker: Worker | null = null;
  const begin = async (): Promise<void> => {
    if (driver === undefined || executor === null) return;
    const made = typeof driver === "function" ? await driver(database) : driver;
    worker = await startWorker(options, database, executor, made);
  };
  const working = begin();
  // Whoever closes it before it is up need not hear why it never came up.
  working.catch(() => undefined);
  return {
    rollouts: new Rollouts(database, () => worker?.wake()),
    database,
    executor,
    working,
    close: async () => {
      await working.catch(() => undefined);
      await worker?.close();
      await database.close();
    },
  };
}

/** What carries out rollouts in this process. */
interface Worker {
  /** Looks for rollouts now. */
  wake(): void;
  close(): Promise<void>;
}

async function startWorker(
  options: EngineOptions,
  database: Database,
  executor: string,
  driver: RolloutDriver,
): Promise<Worker> {
  // Only a worker needs DBOS, which takes longer to load than most commands to run.
  const { startDurable, workflowVersion } = await import("./durable.ts");
  const onLost = once(() => (options.onLost ?? endProcess)(lostError()));
  const lease = new Lease(database, executor, onLost);
  const controls = new Controls(database);
  await lease.begin();
  const { onPoint } = options;
  const retries = options.retries ?? defaultRetries;
  const closing = new AbortController();
  const parts = { database, controls, driver, executor, retries, onLost, closing: closing.signal, onPoint };
  const underWay = new Set<string>();
  const durable = await startDurable(options.url, executor, async (durably, rollout, run) => {
    const id = workflowIdOf(rollout, run);
    underWay.add(id);
    return runRollout(parts, durably, rollout, run)
      .catch((error: unknown) => (closing.signal.aborted ? never() : Promise.reject(error)))
      .finally(() => underWay.delete(id));
  }).catch(async (error: unknown) => {
    await lease.end();
    throw error;
  });
  const starter = new Starter({
    database,
    version: workflowVersion,
    enqueue: (run) => durable.enqueue(run),
    onEnqueued: () => durable.look(),
  });
  const reaper = new Reaper({ database, executor, recover: (dead) => durable.recover(dead) });
  const claims = new ClaimWatch({ database, executor, running: underWay });
  const pruner = new Pruner(database, options.retention);
  const running = [lease, controls, starter, reaper, claims, pruner, ...sequencersOf(options, database)];
  const loops = Promise.all([...running, durable].map((part) => part.run()));
  return {
    wake: () => starter.wake(),
    close: async () => {
      closing.abort();
      for (const part of running) part.stop();
      await durable.stop();
      await loops;
      await lease.end();
    },
  };
}

function sequencersOf(options: EngineOptions, database: Database): readonly Sequencer[] {
  const { audit: open, onAuditError: onError } = options;
  if (open === undefined) return [];
  return [new Sequencer({ database, open, ...(onError === undefined ? {} : { onError }) })];
}

function lostError(): LotseError {
  return new LotseError({
    code: "engine.lease",
    message: "another worker has taken over what this one was doing",
    hint: "this happens when a worker was stopped or cut off for longer than its lease",
  });
}

function endProcess(error: LotseError): void {
  process.stderr.write(`${error.message}\n`);
  process.exit(error.exitStatus);
}

function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (!done) act();
    done = true;
  };
}
