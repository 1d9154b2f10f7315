import { spawn, type ChildProcess } from "node:child_process";
import { constants } from "node:os";
import {
  disableCoreDumps,
  isSystemError,
  LotseError,
  systemClock,
  systemExec,
  type Clock,
} from "../../kernel/index.ts";
import { assertNoSecretInArguments } from "./arguments.ts";
import { moveOutput, stdioOptions, type ChildStdio, type OutputFilter } from "./child-output.ts";
import { SignalForwarding } from "./child-signals.ts";
import { serveFifo } from "./fifo.ts";
import { prepare, type Prepared } from "./prepare.ts";
import type { RunOutcome, RunRequest } from "./run-request.ts";

/**
 * Runs a program with variables, until it ends. They are never in an argument. Signals that end a program go
 * on to the child; output goes through `redactOutput`, unless it is left out.
 *
 * @throws LotseError `secret.leak` when an argument holds a secret, `secret.name` and `secret.unrepresentable`
 *   for variables, `machine.missing` for a program that does not exist, `machine.exec` for one that cannot be
 *   started; and what `redactOutput`'s streams throw
 */
export async function runWithVariables(request: RunRequest): Promise<RunOutcome> {
  assertNoSecretInArguments(request.command, request.variables);
  const exec = request.exec ?? systemExec;
  const clock = request.clock ?? systemClock;
  const forwarding = new SignalForwarding({
    signals: request.signals ?? process,
    terminal: request.terminal ?? isAtTerminal(),
    clock,
    signal: request.signal,
    killAfterMs: request.killAfterMs ?? 10_000,
  });
  let prepared: Prepared | undefined;
  try {
    const coreDumpsOff = await disableCoreDumps(exec, process.pid);
    prepared = await prepare(request, exec);
    const filter = request.redactOutput?.();
    const child = start(request, prepared, filter);
    const ending = endingOf(child, prepared.argv[0]);
    forwarding.attach(child);
    const [ended, fifoRead] = await Promise.all([
      ending,
      orKill(child, serve(prepared, ending, clock)),
      orKill(child, outputOf(child, request.stdio ?? {}, filter, ending, forwarding, clock)),
    ]).catch(async (error: unknown) => {
      await ending;
      throw error;
    });
    return { ...ended, coreDumpsOff, fifoRead };
  } finally {
    prepared?.place?.close();
    forwarding[Symbol.dispose]();
  }
}

function start(request: RunRequest, prepared: Prepared, filter: OutputFilter | undefined): ChildProcess {
  const [program, ...args] = prepared.argv;
  return spawn(program, args, {
    cwd: request.cwd,
    env: prepared.environment,
    stdio: stdioOptions(request.stdio ?? {}, filter),
    shell: false,
  });
}

interface Ending {
  readonly status: number;
  readonly signal: NodeJS.Signals | null;
}

function endingOf(child: ChildProcess, program: string): Promise<Ending> {
  return new Promise((resolve, reject) => {
    child.once("error", (error) => reject(startError(error, program)));
    child.once("exit", (status, signal) => {
      resolve({ status: status ?? 128 + (signal === null ? 0 : constants.signals[signal]), signal });
    });
  });
}

/** The system's error is not kept as the cause: it carries all arguments. */
function startError(error: Error, program: string): LotseError {
  const missing = isSystemError(error, "ENOENT");
  return new LotseError({
    code: missing ? "machine.missing" : "machine.exec",
    message: missing
      ? `${program} does not exist, or the directory to run it in`
      : `${program} could not be started: ${"code" in error ? String(error.code) : error.name}`,
    hint: "check the name, PATH, and that the file may be executed",
  });
}

/** What a child that was ended has started may hold its output open; it is waited for this long. */
const drainMs = 1000;

/** Moves the output until it ends: of a child that ended by itself, however long others hold it open. */
async function outputOf(
  child: ChildProcess,
  stdio: ChildStdio,
  filter: OutputFilter | undefined,
  ending: Promise<unknown>,
  forwarding: SignalForwarding,
  clock: Clock,
): Promise<void> {
  const moved = new AbortController();
  const closeLater = async (): Promise<void> => {
    if (!forwarding.used) return;
    await clock.sleep(drainMs, moved.signal);
    child.stdout?.destroy();
    child.stderr?.destroy();
  };
  ending.then(closeLater).catch(() => undefined);
  try {
    await moveOutput(child, stdio, filter);
  } finally {
    moved.abort();
  }
}

/** A child that does not get what it needs, or whose output cannot be filtered, must not go on. */
async function orKill<T>(child: ChildProcess, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}

async function serve(prepared: Prepared, ending: Promise<Ending>, clock: Clock): Promise<boolean | null> {
  if (prepared.fifo === undefined) return null;
  const over = new AbortController();
  const stop = (): void => over.abort();
  ending.then(stop, stop);
  return serveFifo(prepared.fifo.path, prepared.fifo.content, clock, over.signal);
}

function isAtTerminal(): boolean {
  return [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY);
}
