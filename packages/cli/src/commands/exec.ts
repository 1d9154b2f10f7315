import type { Command } from "commander";
import { execWithSecrets } from "@lotse/core/app";
import type { Context } from "../context.ts";
import { requestOf, sessionOf, withScope, type ScopeOptions } from "../options.ts";
import { ExitWith, leaf } from "./leaf.ts";

interface ExecOptions extends ScopeOptions {
  readonly fifo?: boolean;
  readonly clean?: boolean;
  readonly allSecrets?: boolean;
  readonly redact?: boolean;
}

/** `lotse exec ENV -- CMD`, also as `lotse secrets exec` */
export function addExec(parent: Command, context: Context): void {
  withScope(leaf(parent, "exec", "run a program with a scope's configuration and secrets"))
    .argument("<env>", "environment, or environment:tenant")
    .argument("<command...>", "the program and its arguments, after --")
    .option("--fifo", "hand the variables over in a named pipe instead of the environment")
    .option("--clean", "keep the rest of your own environment away from the program")
    .option(
      "--all-secrets",
      "also every secret of the scope under its own name: spotify.api_key as SPOTIFY_API_KEY",
    )
    .option("--redact", "keep secrets out of the program's output, also at a terminal")
    .option("--no-redact", "leave the program's output alone")
    .addHelpText(
      "after",
      `
The variables are those that the schema names with x-env. No secret is ever in an argument; your own keys
(SOPS_AGE_KEY and the like) are not handed on. Where output does not go to a terminal, secrets in it are
replaced. With --fifo the program finds the path of a .env text in LOTSE_ENV_FILE, or in place of {}.
The exit status is the program's.

Examples:
  lotse exec dev --tenant nordlicht-records -- node src/server.js
  lotse exec prod:nordlicht-records --fifo -- docker run --env-file {} app`,
    )
    .action(async (environment: string, program: readonly string[], _: unknown, command: Command) => {
      const options = command.optsWithGlobals<ExecOptions>();
      const session = sessionOf(context, options);
      const outcome = await execWithSecrets(session, {
        request: requestOf(environment, options),
        allSecrets: options.allSecrets === true,
        command: program,
        how: options.fifo === true ? "fifo" : "environment",
        clean: options.clean === true,
        cwd: context.cwd,
        signal: context.signal,
        redact: options.redact ?? !process.stdout.isTTY,
      });
      if (outcome.status !== 0) throw new ExitWith(outcome.status);
    });
}
