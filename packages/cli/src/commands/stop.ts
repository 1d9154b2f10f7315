import { existsSync } from "node:fs";
import type { Command } from "commander";
import { stopTarget, type Session } from "@lotse/core/app";
import type { Context } from "../context.ts";
import { sessionOf, type CommonOptions } from "../options.ts";
import { leaf } from "./leaf.ts";
import { stopWorkers } from "./rollout/background.ts";

/** `lotse stop` */
export function addStop(program: Command, context: Context): void {
  leaf(program, "stop", "end everything that runs for this workspace on this machine")
    .addHelpText(
      "after",
      `
Workers in the background first: what they are doing stays as it is, for others to go on with. Then the processes
of the process target, and the embedded database, which starts again with the next command that needs it.`,
    )
    .action(async (_: unknown, command: Command) => {
      const session = sessionOf(context, command.optsWithGlobals<CommonOptions>());
      await stopWorkers(session);
      await stopTarget(session);
      await stopDatabase(session);
      context.err("stopped\n");
    });
}

/** Ends the embedded server of this workspace, where there is one. */
async function stopDatabase(session: Session): Promise<void> {
  const { defaultServerDirectory, stopEmbedded } = await import("@lotse/engine");
  const given = session.variables["LOTSE_POSTGRES_DIR"] || undefined;
  const directory = given ?? defaultServerDirectory(session.directory, process.getuid?.() === 0);
  if (existsSync(directory)) await stopEmbedded({ directory });
}
