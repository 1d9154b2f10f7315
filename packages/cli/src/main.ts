import { CommanderError } from "commander";
import type { PrintedError } from "@lotse/core/contract";
import { exitStatuses, isLotseError, LotseError } from "@lotse/core/kernel";
import { ExitWith } from "./commands/leaf.ts";
import { processContext, type Context } from "./context.ts";
import { formatError } from "./output/diagnostics.ts";
import { buildProgram } from "./program.ts";

/**
 * Runs the command line.
 *
 * @param args - without the program's own name
 * @returns the exit status; see `lotse --help`
 */
export async function main(args: readonly string[], context: Context = processContext()): Promise<number> {
  let status = await told(args, context, async () => {
    const program = await buildProgram(context, args);
    await program.parseAsync([...args], { from: "user" });
  });
  for (const session of context.sessions.values()) {
    const ended = await told(args, context, async () => {
      if (session.revealed.all().length > 0) await (await import("@lotse/core/app")).rememberKnown(session);
      await session.log.close();
    });
    if (status === exitStatuses.done) status = ended;
  }
  return status;
}

/** The exit status of an act, whose error is told as the user wants it. */
async function told(args: readonly string[], context: Context, act: () => Promise<void>): Promise<number> {
  try {
    await act();
    return exitStatuses.done;
  } catch (error) {
    return failure(error, context, wantsJson(args));
  }
}

function failure(error: unknown, context: Context, json: boolean): number {
  if (error instanceof ExitWith) return error.status;
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitStatuses.done : exitStatuses.usage;
  const known = isLotseError(error) ? error : defect(error);
  if (json) context.err(`${JSON.stringify(printedError(known), null, 2)}\n`);
  else context.err(formatError(known, context.stderrColours));
  return known.exitStatus;
}

/** With `-o json` errors are JSON, too: on standard error, since there is no result. */
function wantsJson(args: readonly string[]): boolean {
  return args.some(
    (arg, index) =>
      arg === "-ojson" ||
      arg === "--output=json" ||
      (arg === "json" && ["-o", "--output"].includes(args[index - 1] ?? "")),
  );
}

function printedError(error: LotseError): PrintedError {
  const { code, message, hint, where, related } = error;
  return {
    error: {
      code,
      message,
      ...(hint === undefined ? {} : { hint }),
      ...(where === undefined ? {} : { where: { ...where } }),
      ...(related.length === 0 ? {} : { related: related.map((place) => ({ ...place })) }),
    },
  };
}

/** What no one foresaw: told without a stack trace, which `LOTSE_DEBUG=1` adds. */
function defect(error: unknown): LotseError {
  const message = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error && process.env["LOTSE_DEBUG"] === "1" ? `\n${error.stack ?? ""}` : "";
  return new LotseError({
    code: "internal.bug",
    message: `${message}${stack}`,
    hint: "this is a defect in Lotse: report it with the command and LOTSE_DEBUG=1",
    cause: error,
  });
}
