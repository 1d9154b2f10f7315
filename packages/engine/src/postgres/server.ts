import { spawn } from "node:child_process";
import { chmod, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  identify,
  isRunning,
  LotseError,
  type Clock,
  type ProcessIdentity,
  type Sensitive,
} from "@lotse/core/kernel";
import { serverEnvironment } from "./initialise.ts";
import type { ServerLayout } from "./layout.ts";
import { probe } from "./probe.ts";
import type { ServiceUser } from "./service-user.ts";
import { freePort, isFree, readState, writeState, type ServerState } from "./state.ts";

/** How long a server may take to come up; after a crash it reads its journal first. */
const startupMs = 60_000;

/** What {@link ensureRunning} works with; whoever calls holds the lock. */
export interface ServerParts {
  readonly layout: ServerLayout;
  readonly password: Sensitive<string>;
  readonly user: ServiceUser | null;
  readonly clock: Clock;
}

/**
 * Gives the state of a running server, starting it when it does not answer.
 *
 * @throws LotseError `database.start` with the last lines of its log
 */
export async function ensureRunning(parts: ServerParts): Promise<ServerState> {
  const known = await readState(parts.layout);
  if (known !== null && (await isAlive(parts, known))) return known;
  await waitForEnd(parts, known?.process ?? null);
  const port = known !== null && (await isFree(known.port)) ? known.port : await freePort();
  return start(parts, port);
}

/** Whether the server answers, waiting while its process is still coming up. */
async function isAlive(parts: ServerParts, { port, process }: ServerState): Promise<boolean> {
  const { password, layout, clock } = parts;
  for (let waitedMs = 0; waitedMs < startupMs; waitedMs += 50) {
    const found = await probe(port, password, layout.data);
    if (found === "ready") return true;
    if (found === "other" || process === null || !(await isRunning(process))) return false;
    await clock.sleep(50);
  }
  return false;
}

/** A server that runs and does not answer is ended; a new one must not start beside it. */
async function waitForEnd({ clock }: ServerParts, old: ProcessIdentity | null): Promise<void> {
  if (old === null || !(await isRunning(old))) return;
  process.kill(old.pid, "SIGQUIT");
  for (let waitedMs = 0; waitedMs < 10_000; waitedMs += 50) {
    if (!(await isRunning(old))) return;
    await clock.sleep(50);
  }
  process.kill(old.pid, "SIGKILL");
}

async function start(parts: ServerParts, port: number): Promise<ServerState> {
  const { layout, password, clock } = parts;
  // The processes of a server that was killed may outlive it for a moment, and keep a new one from starting.
  for (let attempt = 1; ; attempt++) {
    const state = { port, process: await launch(parts, port) };
    await writeState(layout, state);
    for (let waitedMs = 0; waitedMs < startupMs; waitedMs += 20) {
      if ((await probe(port, password, layout.data)) === "ready") return state;
      if (state.process === null || !(await isRunning(state.process))) break;
      await clock.sleep(20);
    }
    if (attempt === 20) throw await startFailed(layout);
    await clock.sleep(100);
  }
}

async function launch({ layout, user }: ServerParts, port: number): Promise<ProcessIdentity | null> {
  const log = await open(layout.log, "a", 0o600);
  try {
    await chmod(layout.log, 0o600);
    const child = spawn(join(layout.programs, "bin", "postgres"), argumentsFor(layout, port), {
      cwd: layout.directory,
      detached: true,
      stdio: ["ignore", log.fd, log.fd],
      env: serverEnvironment(),
      ...(user === null ? {} : { uid: user.uid, gid: user.gid }),
    });
    child.unref();
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    return child.pid === undefined ? null : await identify(child.pid);
  } finally {
    await log.close();
  }
}

/** Loopback only, no sockets in shared directories, and enough connections for several workers. */
function argumentsFor(layout: ServerLayout, port: number): readonly string[] {
  const settings: Readonly<Record<string, string>> = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: "",
    max_connections: "200",
    // In microseconds, and only where five others are writing: they then share a write to the disk.
    commit_delay: "1000",
    log_min_messages: "warning",
    log_timezone: "UTC",
    timezone: "UTC",
  };
  return [
    "-D",
    layout.data,
    ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
  ];
}

async function startFailed(layout: ServerLayout): Promise<LotseError> {
  const log = await readFile(layout.log, "utf8").catch(() => "");
  return new LotseError({
    code: "database.start",
    message: `PostgreSQL does not start: ${log.trim().split("\n").slice(-3).join(" ").slice(-500)}`,
    hint: `${layout.log} tells more; DATABASE_URL makes Lotse use a server that runs already`,
    where: { file: layout.log },
  });
}
