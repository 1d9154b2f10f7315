import { Sensitive } from "@lotse/core/kernel";
import { openEngine, type EngineOptions } from "../engine/open-engine.ts";
import { auditLogOf } from "./audit-log.ts";

/** A worker of a test that is all of a process. */
export interface WorkerToRun {
  /** The database. */
  readonly url: string;
  /** The directory of its world, which holds the audit log. */
  readonly world: string;
  readonly driver: NonNullable<EngineOptions["driver"]>;
  /** Told of each place at which it may die. */
  readonly at: NonNullable<EngineOptions["onPoint"]>;
}

/**
 * Opens a worker, makes it heed signals, and prints `ready`. SIGTERM closes it, after which nothing may keep the
 * process; SIGINT aborts all that is open, as the first Ctrl-C of `lotse deploy` does.
 */
export async function runWorker({ url, world, driver, at }: WorkerToRun): Promise<void> {
  const engine = await openEngine({
    url: new Sensitive(url),
    driver,
    audit: (store) => auditLogOf(world, store),
    onPoint: at,
  });
  const abortAll = async (): Promise<void> => {
    const actor = { kind: "user", id: "alice" } as const;
    for (const { id } of await engine.rollouts.open()) await engine.rollouts.abort(id, actor);
  };
  process.on("SIGTERM", () => void engine.close());
  process.on("SIGINT", () => void abortAll());
  process.stdout.write(`ready ${engine.executor ?? ""}\n`);
}
