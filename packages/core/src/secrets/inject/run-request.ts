import type { Clock, Exec } from "../../kernel/index.ts";
import type { ChildStdio, OutputFilter } from "./child-output.ts";
import type { SignalSource } from "./child-signals.ts";
import type { FormatLine } from "./dotenv-line.ts";
import type { ProcessEnvironment } from "./environment.ts";
import type { InjectedVariable } from "./variable.ts";

/** A program to run, and what it gets. */
export interface RunRequest {
  /** The program and its arguments. */
  readonly command: readonly string[];
  readonly variables: readonly InjectedVariable[];
  /**
   * `environment`: the variables are in the child's environment, which its user and root can read in `/proc`
   * as long as it runs. `fifo`: they are not; the child reads them once as a `.env` text from a named pipe.
   */
  readonly how: "environment" | "fifo";
  /**
   * The variable that tells the child the path of the pipe. Where an argument holds `{}`, the path stands
   * there too. @defaultValue "LOTSE_ENV_FILE"
   */
  readonly fifoName?: string;
  /** How lines in the pipe are written. @defaultValue the portable `.env` dialect */
  readonly formatLine?: FormatLine;
  /** Whether the child inherits only `PATH`, `HOME`, locale and the like. @defaultValue false */
  readonly clean?: boolean;
  /** The directory to run in. */
  readonly cwd: string;
  /** The environment to inherit from, less the keys to Lotse's secrets. @defaultValue `process.env` */
  readonly environment?: ProcessEnvironment;
  readonly stdio?: ChildStdio;
  /** Ends the child with SIGTERM, and with SIGKILL after `killAfterMs`. */
  readonly signal?: AbortSignal;
  /** @defaultValue 10000 */
  readonly killAfterMs?: number;
  /** Makes the filter for the child's output. Without it the child writes where Lotse would. */
  readonly redactOutput?: () => OutputFilter;
  /** Whether Ctrl-C reaches the child without Lotse. @defaultValue whether Lotse is at a terminal */
  readonly terminal?: boolean;
  /** @defaultValue `process` */
  readonly signals?: SignalSource;
  /** Where the pipe may be made. @defaultValue `$XDG_RUNTIME_DIR`, `/dev/shm`, the temporary directory */
  readonly places?: readonly string[];
  /** @defaultValue {@link systemExec} */
  readonly exec?: Exec;
  /** @defaultValue {@link systemClock} */
  readonly clock?: Clock;
}

/** How the program ended. */
export interface RunOutcome {
  /** The child's status, or 128 plus the number of the signal that ended it, as a shell has it. */
  readonly status: number;
  readonly signal: NodeJS.Signals | null;
  /** Whether a crash of the child could not have written a core file. */
  readonly coreDumpsOff: boolean;
  /** Whether the child took all of the pipe; null where there was none. */
  readonly fifoRead: boolean | null;
}
