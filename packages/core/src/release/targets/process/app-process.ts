import { spawn, type ChildProcess } from "node:child_process";
import { homedir } from "node:os";
import { identify, LotseError, type ProcessIdentity } from "../../../kernel/index.ts";
import { formatSlot } from "../../names.ts";
import { boundLog, openLog } from "./log-file.ts";
import { endGroup, instanceVariable, signalGroup } from "./orphans.ts";
import { chooseFreePort } from "./ports.ts";
import type { InstanceStatus, Launch } from "./protocol.ts";
import { readHiddenWords } from "./hidden-words.ts";
import { writeRedacted } from "./redacted-log.ts";
import { reveal, type SecretVariables } from "./slot-secrets.ts";

/** How long to wait before a crashed process is started again. */
export interface BackOff {
  readonly firstMs: number;
  readonly maxMs: number;
  /** After running for so long the count of crashes begins anew. */
  readonly forgetMs: number;
}

/** The defaults of {@link BackOff}: 0.2 s, doubling up to 30 s, forgotten after a minute. */
const backOff: BackOff = { firstMs: 200, maxMs: 30_000, forgetMs: 60_000 };

/** The wait before a start after so many crashes in a row; `crashes` counts from 1. */
export function backOffMs(crashes: number, limits: BackOff = backOff): number {
  return Math.min(limits.maxMs, limits.firstMs * 2 ** Math.min(30, crashes - 1));
}

/** What an {@link AppProcess} tells and needs. */
export interface AppPorts {
  /** `.lotse` of the workspace, which marks the process as one of ours. */
  readonly lotse: string;
  readonly logPath: string;
  /** The secret variables; null when they are not in memory any more. */
  readonly secrets: () => SecretVariables | null;
  /** Told when it starts to run, with its port, and when it ended, with null. */
  readonly onPort: (port: number | null) => void;
  readonly onChange: () => void;
}

/**
 * One supervised process: started in a process group of its own with a minimal environment, its output in a
 * bounded log, started again after a crash once {@link AppProcess.keepAlive} was called.
 */
export class AppProcess {
  readonly launch: Launch;
  readonly #ports: AppPorts;
  #state: InstanceStatus["state"] = "prepared";
  #child: ChildProcess | null = null;
  #identity: ProcessIdentity | null = null;
  #port: number | null = null;
  #exits = 0;
  #restarts = 0;
  #crashes = 0;
  #lastExit: string | null = null;
  #keepAlive = false;
  #stopping = false;
  #starting: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #logTimer: NodeJS.Timeout | null = null;

  constructor(launch: Launch, ports: AppPorts) {
    this.launch = launch;
    this.#ports = ports;
  }

  /** Who the process is; null while there is none. */
  get identity(): ProcessIdentity | null {
    return this.#identity;
  }

  get state(): InstanceStatus["state"] {
    return this.#state;
  }

  /** What there is to report about the process. */
  status(): Pick<InstanceStatus, "state" | "pid" | "port" | "exits" | "restarts" | "lastExit"> {
    return {
      state: this.#state,
      pid: this.#child?.pid ?? null,
      port: this.#port,
      exits: this.#exits,
      restarts: this.#restarts,
      lastExit: this.#lastExit,
    };
  }

  /** From now on it is started again whenever it ends by itself. */
  keepAlive(): void {
    this.#keepAlive = true;
    if (this.#state === "exited") this.#scheduleRestart();
  }

  /** Starts the process; it is no error when it runs. @throws LotseError `target.start` */
  start(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#starting ??= this.#startOnce().finally(() => {
      this.#starting = null;
    });
    return this.#starting;
  }

  async #startOnce(): Promise<void> {
    const secrets = this.#ports.secrets();
    if (secrets === null) throw secretsGone(this.launch);
    const hidden = { ...secrets, ...(await readHiddenWords(this.launch.directory)) };
    const port = await chooseFreePort();
    const log = await openLog(this.#ports.logPath);
    try {
      if (this.#child !== null || this.#stopping) return;
      const child = this.#spawn(port, log.fd, secrets, hidden);
      this.#child = child;
      await spawned(child);
      this.#identity = child.pid === undefined ? null : await identify(child.pid);
    } catch (cause) {
      this.#child = null;
      throw startError(this.launch, cause);
    } finally {
      await log.close();
    }
    // It may have ended while it was being identified.
    if (this.#child === null) return;
    this.#state = "running";
    this.#port = port;
    this.#ports.onPort(port);
    this.#ports.onChange();
    this.#logTimer ??= setInterval(() => void boundLog(this.#ports.logPath).catch(() => {}), 1000);
  }

  #spawn(port: number, fd: number, secrets: SecretVariables, hidden: SecretVariables): ChildProcess {
    const [program = "", ...args] = this.launch.spec.command;
    const startedAt = Date.now();
    const isSecret = Object.keys(hidden).length > 0;
    const child = spawn(program === "node" ? process.execPath : program, args, {
      cwd: this.launch.codeDirectory,
      env: { ...reveal(secrets), ...environmentOf(this.launch, port, this.#ports.lotse) },
      stdio: isSecret ? ["ignore", "pipe", "pipe"] : ["ignore", fd, fd],
      detached: true,
    });
    if (isSecret) writeRedacted(child, this.#ports.logPath, hidden);
    child.once("exit", (code, signal) => {
      const how = signal === null ? `exit status ${code}` : `signal ${signal}`;
      this.#onExit(child, how, Date.now() - startedAt);
    });
    return child;
  }

  #onExit(child: ChildProcess, how: string, ranMs: number): void {
    if (child.pid !== undefined) signalGroup(child.pid, "SIGKILL");
    if (this.#child !== child) return;
    this.#child = null;
    this.#identity = null;
    this.#port = null;
    this.#exits += this.#stopping ? 0 : 1;
    this.#lastExit = how;
    this.#state = "exited";
    this.#ports.onPort(null);
    this.#crashes = ranMs >= backOff.forgetMs ? 1 : this.#crashes + 1;
    if (this.#keepAlive) this.#scheduleRestart();
    this.#ports.onChange();
  }

  #scheduleRestart(): void {
    if (this.#stopping || this.#timer !== null) return;
    this.#state = "backing-off";
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        this.#restarts += 1;
        this.start().catch((error: unknown) => {
          this.#lastExit = error instanceof Error ? error.message : String(error);
          this.#crashes += 1;
          this.#scheduleRestart();
        });
      },
      backOffMs(Math.max(1, this.#crashes)),
    );
  }

  /** As {@link stop}, but it can be started again. */
  async halt(graceMs: number): Promise<void> {
    await this.stop(graceMs);
    this.#stopping = false;
    this.#crashes = 0;
    this.#state = "stopped";
  }

  /** Takes over what an earlier supervisor had stopped: it is not started before somebody asks for it. */
  keepStopped(): void {
    this.#keepAlive = true;
    this.#state = "stopped";
  }

  /** The variables that a command beside the process gets. */
  environment(secrets: SecretVariables): Record<string, string> {
    return { ...reveal(secrets), ...environmentOf(this.launch, this.#port ?? 0, this.#ports.lotse) };
  }

  /** Ends the process and its whole group: SIGTERM, and SIGKILL when the grace is over. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    await this.#starting?.catch(() => {});
    if (this.#logTimer !== null) clearInterval(this.#logTimer);
    this.#logTimer = null;
    const child = this.#child;
    if (child?.pid !== undefined) await endGroup(child.pid, graceMs, exitOf(child));
    this.#state = "exited";
  }
}

function exitOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once("exit", () => resolve());
  });
}

function spawned(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once("spawn", () => resolve());
    // Stays on: a later error, such as a signal that cannot be sent, must not end the supervisor.
    child.on("error", reject);
  });
}

function secretsGone(launch: Launch): LotseError {
  return new LotseError({
    code: "target.start",
    message: `the secrets of ${formatSlot(launch)} are not in memory any more, as after a restart of the machine`,
    hint: `run lotse deploy ${launch.environment} ${launch.version} --force again`,
  });
}

function startError(launch: Launch, cause: unknown): LotseError {
  const why = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
  return new LotseError({
    code: "target.start",
    message: `${launch.spec.command[0] ?? ""} could not be started: ${why}`,
    hint: "check target.command in lotse.yml; it is an argument array, relative to the code directory",
    cause,
  });
}

/** Only what a process needs, and nothing of the operator's own environment beside it. */
function environmentOf(launch: Launch, port: number, lotse: string): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin",
    HOME: process.env["HOME"] ?? homedir(),
    ...launch.variables,
    PORT: String(port),
    HOST: "127.0.0.1",
    LOTSE_CONFIG: launch.configFile,
    LOTSE_RELEASE: launch.release,
    LOTSE_VERSION: launch.version,
    LOTSE_TENANT: launch.tenant,
    LOTSE_ENVIRONMENT: launch.environment,
    LOTSE_COLOUR: launch.colour,
    [instanceVariable]: `${lotse}:${formatSlot(launch)}`,
  };
}
