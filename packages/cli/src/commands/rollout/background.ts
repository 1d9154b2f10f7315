import { spawn } from "node:child_process";
import { chmodSync, closeSync, openSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Session } from "@lotse/core/app";
import {
  identify,
  isRunning,
  makePrivateDirectory,
  packageDirectory,
  processIdentitySchema,
  readPrivateFile,
  writePrivateFile,
  type ProcessIdentity,
} from "@lotse/core/kernel";
import type { Desk } from "./desk.ts";

/** How long a background worker that has nothing to do waits for more, as `--idle` takes it. */
const idle = "60s";

/** How long a worker has to hand on what it does, in milliseconds. */
const patienceMs = 10_000;

/**
 * Sees to it that a worker lives where there is something to carry out. One that is started in the background
 * has this process's environment, so it opens the same secrets, and ends by itself.
 */
export async function ensureWorker({ session, engine, rollouts }: Desk): Promise<void> {
  if ((await rollouts.countOpen()) === 0) return;
  const { anyWorkerAlive } = await import("@lotse/engine");
  if (await anyWorkerAlive(engine.database)) return;
  await startBackground(session);
}

/** How often it is looked whether a worker lives while somebody watches, in milliseconds. */
const lookMs = 3000;

/**
 * Sees to it as long as somebody watches that a worker lives, since the one at work may die. Of a shared database that
 * is only told: a worker of another machine may need keys that this one does not have.
 *
 * @param tell - told once, where nobody carries out rollouts
 */
export async function keepWorker(
  desk: Desk,
  signal: AbortSignal,
  tell: (text: string) => void,
): Promise<void> {
  const { anyWorkerAlive } = await import("@lotse/engine");
  let told = false;
  while (!signal.aborted) {
    if (!desk.shared) await ensureWorker(desk);
    else if (!told && !(await anyWorkerAlive(desk.engine.database))) {
      told = true;
      tell("no worker lives, so nothing goes on: start one with lotse worker\n");
    }
    await sleep(lookMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Starts a worker in the background. Its log is `.lotse/run/worker.log`. */
export async function startBackground(session: Session): Promise<void> {
  const directory = runDirectory(session);
  await makePrivateDirectory(directory);
  const path = join(directory, "worker.log");
  const log = openSync(path, "a", 0o600);
  try {
    chmodSync(path, 0o600);
    const program = join(packageDirectory("@lotse/cli", import.meta.url), "bin", "lotse.js");
    const args = [program, "worker", "-C", session.directory, "--background", "--idle", idle];
    const child = spawn(process.execPath, args, {
      cwd: session.directory,
      detached: true,
      stdio: ["ignore", log, log],
      env: { ...session.variables },
    });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    child.unref();
  } finally {
    closeSync(log);
  }
}

/** Writes down that this process is a background worker of a workspace; the returned function takes it back. */
export async function enlist(session: Session): Promise<() => Promise<void>> {
  const path = join(runDirectory(session), `worker-${process.pid}.json`);
  const self = (await identify(process.pid)) ?? { pid: process.pid, started: null };
  await writePrivateFile(path, JSON.stringify(self));
  return () => rm(path, { force: true });
}

/** Ends all background workers of a workspace. What they were doing stays as it is, for others to go on with. */
export async function stopWorkers(session: Session): Promise<number> {
  const directory = runDirectory(session);
  const names = await readdir(directory).catch(() => []);
  const files = names.filter((name) => /^worker-\d+\.json$/u.test(name));
  await Promise.all(files.map((name) => stopWorker(join(directory, name))));
  return files.length;
}

async function stopWorker(path: string): Promise<void> {
  const worker = await workerIn(path);
  if (worker !== null && (await isRunning(worker))) {
    process.kill(worker.pid, "SIGTERM");
    for (let waitedMs = 0; waitedMs < patienceMs && (await isRunning(worker)); waitedMs += 50)
      await sleep(50);
    if (await isRunning(worker)) process.kill(worker.pid, "SIGKILL");
  }
  await rm(path, { force: true });
}

async function workerIn(path: string): Promise<ProcessIdentity | null> {
  const content = await readPrivateFile(path, 4096);
  if (content === null) return null;
  try {
    return processIdentitySchema.parse(JSON.parse(content.toString("utf8")));
  } catch {
    // Whoever wrote it died in the middle, before it did anything.
    return null;
  }
}

function runDirectory({ state }: Session): string {
  return join(state, "run");
}
