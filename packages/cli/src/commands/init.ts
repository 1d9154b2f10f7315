import { resolve } from "node:path";
import type { Command } from "commander";
import { initWorkspace } from "@lotse/core/app/workspace";
import type { Context } from "../context.ts";
import type { CommonOptions } from "../options.ts";
import { leaf } from "./leaf.ts";

/** `lotse init [DIR]` */
export function addInit(parent: Command, context: Context): void {
  leaf(parent, "init", "make a new workspace")
    .argument("[dir]", "an empty or new directory", ".")
    .addHelpText("after", "\nExample:\n  lotse init platform && cd platform && lotse config validate")
    .action(async (directory: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>();
      const files = await initWorkspace(resolve(context.cwd, options.directory ?? ".", directory));
      for (const file of files) context.err(`wrote ${file}\n`);
      context.err("try: lotse config validate\n");
    });
}
