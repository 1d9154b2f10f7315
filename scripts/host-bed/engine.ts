import { spawn } from "node:child_process";
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { programs, run, type Ran } from "./programs.ts";

/** A container engine that belongs to one bed alone. */
export interface ContainerEngine {
  /** Runs its client. @throws LotseError `machine.exec` when that fails */
  client(args: readonly string[], timeoutMs?: number): Promise<Ran>;
  /** Ends it; containers must be gone before. */
  stop(): Promise<void>;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function end(pid: number): Promise<void> {
  process.kill(pid, "SIGTERM");
  for (let tries = 0; isAlive(pid) && tries < 150; tries += 1) await sleep(100);
  if (isAlive(pid)) process.kill(pid, "SIGKILL");
}

/**
 * Starts an engine with data, sockets and network of its own, so that it neither sees nor disturbs another one
 * of the machine. It leaves the machine's packet filter alone.
 *
 * @param directory - absolute, short, and for this engine alone
 */
export async function startEngine(directory: string): Promise<ContainerEngine> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const socket = `unix://${join(directory, "s")}`;
  const log = await open(join(directory, "log"), "a");
  const daemon = spawn(
    programs.dockerd,
    [
      "--bridge=none",
      "--iptables=false",
      "--ip6tables=false",
      "--ip-forward=false",
      `--data-root=${join(directory, "data")}`,
      `--exec-root=${join(directory, "exec")}`,
      `--pidfile=${join(directory, "pid")}`,
      `--host=${socket}`,
    ],
    // A group of its own: Ctrl-C on a terminal must not end it before its containers.
    { stdio: ["ignore", log.fd, log.fd], detached: true },
  );
  await log.close();
  daemon.on("error", () => undefined);
  const client = (args: readonly string[], timeoutMs?: number): Promise<Ran> =>
    run(programs.docker, ["--host", socket, ...args], timeoutMs);
  const stop = async (): Promise<void> => {
    if (daemon.pid !== undefined && daemon.exitCode === null) await end(daemon.pid);
  };
  for (let tries = 0; ; tries += 1) {
    try {
      await client(["info"]);
      return { client, stop };
    } catch (error) {
      if (tries < 100 && daemon.exitCode === null) await sleep(100);
      else {
        await stop();
        throw error;
      }
    }
  }
}
