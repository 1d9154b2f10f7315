import { execFile } from "node:child_process";
import { LotseError } from "./error.ts";

/** What a program answered. */
export interface ExecResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a program is run; everything has a bound. */
export interface ExecOptions {
  readonly cwd?: string;
  readonly input?: string;
  /** @defaultValue 60000 */
  readonly timeoutMs?: number;
  /** @defaultValue 64 MiB */
  readonly maxOutputBytes?: number;
  /** How output bytes become text; `latin1` keeps each byte as one character. @defaultValue "utf8" */
  readonly encoding?: "utf8" | "latin1";
  /** Further variables on top of the process environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * The port for running other programs. A program that ran and failed is a result, not an error.
 *
 * @throws LotseError `machine.exec` when it cannot be started, or exceeds its bounds
 */
export type Exec = (program: string, args: readonly string[], options?: ExecOptions) => Promise<ExecResult>;

/** Runs programs of this machine, by argument array and never through a shell. */
export const systemExec: Exec = (program, args, options = {}) =>
  new Promise((resolve, reject) => {
    const child = execFile(
      program,
      [...args],
      {
        cwd: options.cwd,
        timeout: options.timeoutMs ?? 60_000,
        maxBuffer: options.maxOutputBytes ?? 64 * 1024 * 1024,
        env: { ...process.env, ...options.env },
        encoding: options.encoding ?? "utf8",
      },
      (error, stdout, stderr) => {
        if (error === null) resolve({ status: 0, stdout, stderr });
        else if (typeof error.code === "number") resolve({ status: error.code, stdout, stderr });
        else
          reject(
            new LotseError({
              code: "machine.exec",
              message: `${program} could not be run: ${error.message.split("\n")[0]}`,
              hint: `check that ${program} is installed; lotse doctor lists what is missing`,
              cause: error,
            }),
          );
      },
    );
    // A program may end without reading its input; its status tells how that went.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(options.input);
  });
