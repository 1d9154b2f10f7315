import type { Command } from "commander";
import { stopTarget } from "@lotse/core/app";
import type { Context } from "../context.ts";
import { sessionOf, type CommonOptions } from "../options.ts";
import { leaf } from "./leaf.ts";

/** `lotse stop` */
export function addStop(program: Command, context: Context): void {
  leaf(program, "stop", "end everything that the process target runs for this workspace").action(
    async (_: unknown, command: Command) => {
      const session = sessionOf(context, command.optsWithGlobals<CommonOptions>());
      await stopTarget(session);
      context.err("stopped\n");
    },
  );
}
