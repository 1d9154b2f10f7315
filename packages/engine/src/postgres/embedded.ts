import { chmod, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import {
  isRunning,
  lockWithin,
  LotseError,
  makePrivateDirectory,
  type Sensitive,
  systemClock,
  type Clock,
} from "@lotse/core/kernel";
import pg from "pg";
import { initialise } from "./initialise.ts";
import { layoutOf, type ServerLayout } from "./layout.ts";
import { probe, roleName, urlOf } from "./probe.ts";
import { copyPrograms, findPrograms, type InstalledPrograms } from "./programs.ts";
import { ensureRunning, type ServerParts } from "./server.ts";
import { checkEnterable, serviceUser, type ServiceUser } from "./service-user.ts";
import { keptPassword, passwordOf, readState, writeState, type ServerState } from "./state.ts";

/** How an embedded server is started. */
export interface EmbeddedOptions {
  /** Where all of it is kept; made where it is missing. */
  readonly directory: string;
  /** @defaultValue the machine's clock */
  readonly clock?: Clock;
}

/** An embedded server that runs. It outlives the process that started it. */
export interface EmbeddedServer {
  readonly directory: string;
  readonly port: number;
  readonly pid: number | null;
  /** With the password in it. */
  readonly url: Sensitive<string>;
}

/** How long another process may take to start the same server. */
const lockMs = 90_000;

/**
 * Starts the embedded PostgreSQL of a directory, or finds it running. The first start copies the programs and
 * makes the data; one after a crash takes over what the dead server left.
 *
 * @throws LotseError `machine.missing` without PostgreSQL for this machine, `database.start`
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const place = await placeFor(options);
  const running = await runningServer(place.layout);
  return running ?? withLock(place.layout, place.clock, () => bringUp(place));
}

/**
 * Starts the embedded PostgreSQL of a directory again where it died; one that was stopped stays so. Asked again and
 * again it does nothing while the server runs.
 *
 * @throws LotseError what `startEmbedded` throws
 */
export async function reviveEmbedded(options: EmbeddedOptions): Promise<void> {
  if (!(await hasDied(layoutOf(options.directory, "none")))) return;
  const place = await placeFor(options);
  // Whoever stops it has the lock until that is written down.
  await withLock(place.layout, place.clock, async () => {
    if (await hasDied(place.layout)) await bringUp(place);
  });
}

async function hasDied(layout: ServerLayout): Promise<boolean> {
  const server = (await readState(layout))?.process ?? null;
  return server !== null && !(await isRunning(server));
}

/** Where a server is kept, and what it is made of. */
interface Place {
  readonly layout: ServerLayout;
  readonly programs: InstalledPrograms;
  readonly user: ServiceUser | null;
  readonly clock: Clock;
}

async function placeFor({ directory, clock = systemClock }: EmbeddedOptions): Promise<Place> {
  const programs = await findPrograms();
  const layout = layoutOf(directory, programs.version);
  const user = await serviceUser(process.getuid?.() === 0);
  if (user === null) await makePrivateDirectory(directory);
  else await makeEnterable(directory, user);
  return { layout, programs, user, clock };
}

/** Whoever calls holds the lock. */
async function bringUp({ layout, programs, user, clock }: Place): Promise<EmbeddedServer> {
  await copyPrograms(programs, layout.programs);
  const password = await passwordOf(layout);
  await initialise(layout, password, user);
  const parts: ServerParts = { layout, password, user, clock };
  const state = await ensureRunning(parts);
  await createDatabase(state, password);
  return serverOf(layout, state, password);
}

/** The server where it is up and has its database: nothing has to be done then, and nobody waited for. */
async function runningServer(layout: ServerLayout): Promise<EmbeddedServer | null> {
  const [state, password] = await Promise.all([readState(layout), keptPassword(layout)]);
  // Whoever else has got its port since must not be told the password.
  if (state === null || password === null || state.process === null) return null;
  if (!(await isRunning(state.process))) return null;
  const isReady = (await probe(state.port, password, layout.data, roleName)) === "ready";
  return isReady ? serverOf(layout, state, password) : null;
}

function serverOf(
  { directory }: ServerLayout,
  { port, process: identity }: ServerState,
  password: Sensitive<string>,
): EmbeddedServer {
  return { directory, port, pid: identity?.pid ?? null, url: urlOf(port, password) };
}

/** Makes a directory that the server's user can enter and not list, and its parent where that is missing. */
async function makeEnterable(directory: string, user: ServiceUser): Promise<void> {
  const parent = dirname(directory);
  const made = await mkdir(parent, { recursive: true, mode: 0o711 });
  // Whatever the umask says.
  if (made !== undefined) await chmod(parent, 0o711);
  await makePrivateDirectory(directory);
  await chmod(directory, 0o711);
  await checkEnterable(directory, user);
}

/** Ends the embedded server of a directory, whoever started it; it is no error when none runs. */
export async function stopEmbedded(options: EmbeddedOptions): Promise<void> {
  const { directory, clock = systemClock } = options;
  const layout = layoutOf(directory, "none");
  await withLock(layout, clock, async () => {
    const state = await readState(layout);
    const server = state?.process ?? null;
    if (state === null || server === null) return;
    // Nobody is to start it again by himself.
    const stopped = (): Promise<void> => writeState(layout, { ...state, process: null });
    if (!(await isRunning(server))) return stopped();
    // Connections are ended and everything is written; SIGTERM would wait for those who are connected.
    process.kill(server.pid, "SIGINT");
    for (let waitedMs = 0; waitedMs < 30_000; waitedMs += 20) {
      if (!(await isRunning(server))) return stopped();
      await clock.sleep(20);
    }
    throw new LotseError({
      code: "database.start",
      message: `PostgreSQL in ${directory} does not end, process ${server.pid}`,
      hint: `${layout.log} may tell why`,
    });
  });
}

async function withLock<T>(layout: ServerLayout, clock: Clock, act: () => Promise<T>): Promise<T> {
  const lock = await lockWithin({ path: layout.lock, holder: "the start of PostgreSQL", clock }, lockMs);
  try {
    return await act();
  } finally {
    await lock.release();
  }
}

/** Makes the database; twice does no harm. */
async function createDatabase(state: ServerState, password: Sensitive<string>): Promise<void> {
  const client = new pg.Client({ connectionString: urlOf(state.port, password, "postgres").reveal() });
  client.on("error", () => undefined);
  await client.connect();
  try {
    const { rowCount } = await client.query("SELECT FROM pg_database WHERE datname = $1", [roleName]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${roleName}`);
  } finally {
    await client.end();
  }
}
