import { spawn } from "node:child_process";
import { connect } from "node:net";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Clock,
  isRunning,
  isSystemError,
  LotseError,
  makeLotseDirectory,
  makePrivateDirectory,
  type ProcessIdentity,
  readPrivateFile,
  systemClock,
} from "../../../kernel/index.ts";
import { lastLines, openLog } from "./log-file.ts";
import { processPaths, type ProcessPaths } from "./paths.ts";
import { refuseForeignPath } from "./trusted-path.ts";
import {
  maxMessageBytes,
  responseSchema,
  supervisorRecordSchema,
  type SupervisorRequest,
} from "./protocol.ts";

const startDeadlineMs = 20_000;

/** Talks to the supervisor of one workspace and starts it when it is needed. */
export interface SupervisorClient {
  /**
   * Asks the supervisor, starting one where none runs.
   *
   * @param timeoutMs - for the answer, not counting the start. @defaultValue 30000
   * @param signal - stops waiting for the answer
   * @throws LotseError `target.supervisor` when there is no answer: it may have acted or not; `file.outside`
   * when its file or socket could be somebody else's; or the error with which it answered
   */
  call(request: SupervisorRequest, timeoutMs?: number, signal?: AbortSignal): Promise<unknown>;
  /** The process of the supervisor, or null when none runs. */
  running(): Promise<ProcessIdentity | null>;
}

/**
 * Makes a client; nothing is started before the first call.
 *
 * @param lotse - the absolute path of the workspace's `.lotse`
 */
export function supervisorClient(lotse: string, clock: Clock = systemClock): SupervisorClient {
  const paths = processPaths(lotse);
  return {
    async call(request, timeoutMs = 30_000, signal) {
      const socket = await ensure(paths, clock);
      signal?.throwIfAborted();
      return ask(socket, request, timeoutMs, signal);
    },
    async running() {
      const record = await readRecord(paths);
      return record !== null && (await isRunning(record.process)) ? record.process : null;
    },
  };
}

async function readRecord(paths: ProcessPaths): Promise<{ process: ProcessIdentity; socket: string } | null> {
  if (!(await refuseForeignPath(paths.record, "file"))) return null;
  const content = await readPrivateFile(paths.record, 65_536);
  if (content === null) return null;
  try {
    return supervisorRecordSchema.parse(JSON.parse(content.toString("utf8")));
  } catch {
    // It is only a signpost; the supervisor that is started next writes a new one.
    return null;
  }
}

/** The socket of a supervisor that answers. */
async function ensure(paths: ProcessPaths, clock: Clock): Promise<string> {
  const end = clock.elapsedMs() + startDeadlineMs;
  let child: { readonly ended: () => boolean } | null = null;
  for (;;) {
    const record = await readRecord(paths);
    if (
      record !== null &&
      (await isRunning(record.process)) &&
      (await refuseForeignPath(record.socket, "socket")) &&
      (await answers(record.socket))
    ) {
      return record.socket;
    }
    if (clock.elapsedMs() >= end) throw await unreachable(paths);
    if (child === null || child.ended()) child = await startSupervisor(paths);
    await clock.sleep(20);
  }
}

async function answers(socket: string): Promise<boolean> {
  try {
    await ask(socket, { method: "ping" }, 5000);
    return true;
  } catch {
    return false;
  }
}

async function startSupervisor(paths: ProcessPaths): Promise<{ ended(): boolean }> {
  await makeLotseDirectory(paths.lotse);
  await makePrivateDirectory(paths.run);
  const log = await openLog(paths.supervisorLog);
  const main = fileURLToPath(new URL(`./supervisor-main${extname(import.meta.url)}`, import.meta.url));
  const keep = ["PATH", "HOME", "TMPDIR", "LANG", "TZ"];
  const env = Object.fromEntries(
    keep.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  ) as Record<string, string>;
  try {
    const child = spawn(process.execPath, [main, paths.lotse], {
      cwd: paths.lotse,
      env,
      stdio: ["ignore", log.fd, log.fd],
      detached: true,
    });
    let ended = false;
    child.once("exit", () => {
      ended = true;
    });
    child.once("error", () => {
      ended = true;
    });
    child.unref();
    return { ended: () => ended };
  } finally {
    await log.close();
  }
}

async function unreachable(paths: ProcessPaths): Promise<LotseError> {
  const lines = await lastLines(paths.supervisorLog, 3);
  return new LotseError({
    code: "target.supervisor",
    message: ["the supervisor did not start", ...lines].join(": "),
    hint: `see ${paths.supervisorLog}`,
    where: { file: paths.supervisorLog },
    retryable: true,
  });
}

function ask(
  path: string,
  request: SupervisorRequest,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let text = "";
    const lost = (why: string): void => {
      socket.destroy();
      const message = `the supervisor did not answer ${request.method}: ${why}`;
      reject(new LotseError({ code: "target.supervisor", message, retryable: true }));
    };
    const socket = connect(path);
    const timer = setTimeout(() => lost(`nothing within ${timeoutMs} ms`), timeoutMs);
    const stop = (): void => {
      socket.destroy();
      reject(signal?.reason as Error);
    };
    signal?.addEventListener("abort", stop, { once: true });
    socket.setEncoding("utf8");
    socket.on("connect", () => socket.write(`${JSON.stringify(request)}\n`));
    socket.on("data", (chunk: string) => {
      text += chunk;
      if (text.length > maxMessageBytes) lost("its answer is too long");
    });
    socket.on("error", (error) =>
      lost(isSystemError(error, "ENOENT") ? "there is no socket" : error.message),
    );
    socket.on("close", () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
      try {
        resolve(read(text, request.method));
      } catch (error) {
        reject(error);
      }
    });
  });
}

function read(text: string, method: string): unknown {
  let response;
  try {
    response = responseSchema.parse(JSON.parse(text));
  } catch (cause) {
    const message = `the supervisor did not answer ${method}: the connection broke off`;
    throw new LotseError({ code: "target.supervisor", message, retryable: true, cause });
  }
  if (response.ok) return response.result;
  throw new LotseError({ code: response.code, message: response.message });
}
