/**
 * The supervisor's process: `node supervisor-main.ts|js <absolute path of .lotse>`. It is started by
 * `supervisor-client.ts` and by nobody else, lives on when the command that started it ends, and ends by
 * itself some time after nothing is deployed any more.
 */
import { once } from "node:events";
import { chmod, rm } from "node:fs/promises";
import type { Server } from "node:net";
import { dirname } from "node:path";
import {
  disableCoreDumps,
  type HeldLock,
  isLotseError,
  lockWithin,
  makePrivateDirectory,
  removeTree,
  systemClock,
  systemExec,
  writePrivateFile,
} from "../../../kernel/index.ts";
import { createControlServer } from "./control-server.ts";
import { boundLog } from "./log-file.ts";
import { chooseSocketPath, processPaths, type ProcessPaths } from "./paths.ts";
import { openSlotSecrets } from "./slot-secrets.ts";
import { Supervisor } from "./supervisor.ts";

const idleExitMs = 3000;
const logCheckMs = 60_000;

async function main(lotse: string): Promise<void> {
  process.umask(0o077);
  // It holds the secrets of every tenant, and what it starts inherits this: no crash writes them to a file.
  await disableCoreDumps(systemExec, process.pid);
  const paths = processPaths(lotse);
  await makePrivateDirectory(paths.run);
  // Whoever comes second waits for the first to end, or gives up; its client then finds the first.
  const lock = await lockWithin(
    { path: paths.supervisorLock, holder: "the supervisor", clock: systemClock },
    5000,
  );
  setInterval(() => void boundLog(paths.supervisorLog).catch(() => {}), logCheckMs).unref();
  const supervisor = new Supervisor(lotse, await openSlotSecrets(lotse));
  await supervisor.recover();
  await serve(supervisor, paths, lock);
}

async function serve(supervisor: Supervisor, paths: ProcessPaths, lock: HeldLock): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let ending = false;
  const socketPath = await chooseSocketPath(paths);
  const end = async (): Promise<void> => {
    if (ending) return;
    ending = true;
    server.close();
    await supervisor.shutDown();
    await cleanUp(paths, socketPath);
    await lock.release();
    process.exit(0);
  };
  const onQuiet = (open: number): void => {
    clearTimeout(timer);
    if (open > 0) return;
    timer = setTimeout(() => {
      if (supervisor.idle) void end();
    }, idleExitMs);
  };
  const server = createControlServer(supervisor, { onQuiet, onStopped: () => void end() });
  process.on("SIGTERM", () => void end());
  process.on("SIGINT", () => void end());
  process.on("SIGHUP", () => {});
  await listen(server, socketPath);
  await writePrivateFile(
    paths.record,
    JSON.stringify({ schema: 1, process: lock.owner.process, socket: socketPath }),
  );
  onQuiet(0);
}

async function listen(server: Server, path: string): Promise<void> {
  await rm(path, { force: true });
  server.listen(path);
  await once(server, "listening");
  await chmod(path, 0o600);
}

async function cleanUp(paths: ProcessPaths, socketPath: string): Promise<void> {
  await rm(paths.record, { force: true });
  await rm(socketPath, { force: true });
  if (dirname(socketPath) !== paths.run) await removeTree(dirname(socketPath));
}

process.on("uncaughtException", (error) => {
  // A supervisor that ended on a surprise would take every tenant down; it goes on and says so in its log.
  process.stderr.write(`${new Date().toISOString()} ${error.stack ?? error.message}\n`);
});

main(process.argv[2] ?? "").catch((error: unknown) => {
  const text = isLotseError(error) || !(error instanceof Error) ? String(error) : error.stack;
  process.stderr.write(`${new Date().toISOString()} ${text}\n`);
  process.exit(1);
});
