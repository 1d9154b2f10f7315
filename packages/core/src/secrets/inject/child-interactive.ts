import { spawn } from "node:child_process";
import { constants } from "node:os";
import { isSystemError, LotseError } from "../../kernel/index.ts";
import { inheritedEnvironment, type ProcessEnvironment } from "./environment.ts";

/** How a program is run that the user works with. */
export interface InteractiveOptions {
  /** The environment to inherit from, less the keys to Lotse's secrets. */
  readonly environment: ProcessEnvironment;
  /** Ends the program: SIGTERM, and SIGKILL two seconds later. */
  readonly signal?: AbortSignal;
}

/**
 * The port for running a program at the user's terminal, such as an editor.
 *
 * @returns its status, or 128 plus the number of the signal that ended it
 * @throws LotseError `secret.editor` when it cannot be started
 */
export type RunInteractive = (argv: readonly string[], options: InteractiveOptions) => Promise<number>;

const killAfterMs = 2000;

/** Runs a program of this machine at the terminal of this process. */
export const runInteractive: RunInteractive = (argv, { environment, signal }) =>
  new Promise((resolve, reject) => {
    const [program = "", ...args] = argv;
    const child = spawn(program, args, {
      stdio: "inherit",
      env: inheritedEnvironment(environment, false),
      shell: false,
    });
    let killer: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      child.kill("SIGTERM");
      killer = setTimeout(() => child.kill("SIGKILL"), killAfterMs);
    };
    const settle = (): void => {
      clearTimeout(killer);
      signal?.removeEventListener("abort", onAbort);
    };
    child.once("error", (error) => {
      settle();
      const missing = isSystemError(error, "ENOENT");
      reject(
        new LotseError({
          code: "secret.editor",
          message: `the editor ${program} ${missing ? "does not exist" : "could not be started"}`,
          hint: "set SOPS_EDITOR or EDITOR to a program that edits a file",
        }),
      );
    });
    child.once("exit", (status, name) => {
      settle();
      resolve(status ?? 128 + (name === null ? 0 : constants.signals[name]));
    });
    signal?.addEventListener("abort", onAbort, { once: true });
    if (signal?.aborted === true) onAbort();
  });
