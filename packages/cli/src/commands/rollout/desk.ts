import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { join } from "node:path";
import { rolloutDriver, type RequestOptions, type Session } from "@lotse/core/app";
import { fileWitness, type AuditLog, type AuditStore, type Witness } from "@lotse/core/audit";
import { makeLotseDirectory, type LotseError } from "@lotse/core/kernel";
import type { RolloutDriver } from "@lotse/core/release";
import type * as EngineLibrary from "@lotse/engine";
import type { BegunEngine, Database, Rollouts } from "@lotse/engine";
import type { Context } from "../../context.ts";
import { formatError } from "../../output/diagnostics.ts";
import { sessionOf, type CommonOptions } from "../../options.ts";

/** Where a workspace's rollouts are handed over, watched and steered. */
export interface Desk {
  readonly session: Session;
  /** Its worker, where this process is one, may still be coming up. */
  readonly engine: BegunEngine;
  readonly rollouts: Rollouts;
  /** Whether others may work with the same database, from other machines. */
  readonly shared: boolean;
  /** Where records are, where that is not the workspace. */
  readonly records: RequestOptions;
  /** Makes a release reachable for workers of other machines; nothing where there are none. */
  readonly share: (release: string) => Promise<void>;
}

/** How a desk is opened. */
export interface DeskOptions extends CommonOptions {
  /** Whether this process carries out rollouts, too. */
  readonly worker: boolean;
}

/**
 * Opens the rollouts of a workspace, starting its embedded database where `DATABASE_URL` names none.
 *
 * @throws LotseError `machine.missing`, `database.*`
 */
export async function openDesk(context: Context, options: DeskOptions): Promise<Desk> {
  const session = sessionOf(context, options);
  await makeLotseDirectory(session.state);
  const lib = await import("@lotse/engine");
  const location = await lib.openDatabase({
    url: session.variables["DATABASE_URL"],
    workspace: session.directory,
    directory: session.variables["LOTSE_POSTGRES_DIR"] || undefined,
  });
  const shared = location.kind === "shared";
  const driverFor = async (database: Database): Promise<RolloutDriver> => {
    const records = shared ? recordsIn(database) : {};
    return rolloutDriver(session, { ...records, owner: await lib.identityOf(database) });
  };
  const engine = await lib.beginEngine({
    url: location.url,
    revive: location.revive,
    ...(options.worker ? { driver: driverFor, audit: (store) => logOf(lib, session, store) } : {}),
    onAuditError: oncePerCode((error) => context.err(formatError(error, context.stderrColours))),
  });
  function recordsIn(database: Database): RequestOptions {
    return {
      deployments: lib.postgresDeployments(database),
      wrap: (driver) => lib.sharingDriver(driver, database, session.state),
      bring: (reference) => lib.bringRelease(database, session.state, reference),
    };
  }
  return {
    session,
    engine,
    rollouts: engine.rollouts,
    shared,
    records: shared ? recordsIn(engine.database) : {},
    share: async (release) => {
      if (shared) await lib.pushRelease(engine.database, session.state, release);
    },
  };
}

/** Opens the audit log of a workspace's database, which was reached before. */
export async function databaseLogOf({
  session,
  engine,
}: Pick<Desk, "session" | "engine">): Promise<AuditLog> {
  const lib = await import("@lotse/engine");
  return logOf(lib, session, new lib.PostgresAuditStore(engine.database));
}

/** What opens the log of a database; loaded with the rest of the engine. */
type LogOpener = Pick<typeof EngineLibrary, "openDatabaseLog">;

function logOf(lib: LogOpener, session: Session, store: AuditStore): AuditLog {
  const { state, clock, engine } = session;
  const witnesses = witnessesOf(session);
  return lib.openDatabaseLog(store, { state, name: engine.workspace.name, clock, witnesses });
}

/** A file in the user's state directory, away from the key and from the database. */
function witnessesOf({ variables, directory, engine }: Session): readonly Witness[] {
  const home = variables["HOME"];
  const state = variables["XDG_STATE_HOME"] || (home ? join(home, ".local", "state") : undefined);
  if (state === undefined) return [];
  const path = createHash("sha256").update(realpathSync.native(directory)).digest("hex").slice(0, 16);
  const name = `${engine.workspace.name.replaceAll(/[^A-Za-z0-9._-]/gu, "-").slice(0, 40)}-${path}-database`;
  return [fileWitness({ directory: join(state, "lotse", "witness", name), name: "state" })];
}

/** What keeps entries waiting is told once, and not at each of many tries. */
function oncePerCode(tell: (error: LotseError) => void): (error: LotseError) => void {
  const told = new Set<string>();
  return (error) => {
    if (!told.has(error.code)) tell(error);
    told.add(error.code);
  };
}
