import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { leaf } from "../leaf.ts";
import { filterOf, withFilter, type FilterOptions } from "./log.ts";
import { withLog, type LogOptions } from "./logs.ts";
import { readLog } from "./open.ts";

/** `lotse audit export` */
export function addExport(parent: Command, context: Context): void {
  const command = leaf(parent, "export", "print entries with their proofs, one line of JSON each");
  withLog(withFilter(command), ["workspace", "database"], "workspace")
    .addHelpText(
      "after",
      `
The first line holds the signed checkpoint, each further line an entry with its proof. Personal data stays
behind: it holds commitments only. Check it anywhere with: lotse audit verify --export FILE --key KEY

Example:
  lotse audit export --scope prod --since 2026-10-01 > audit.jsonl`,
    )
    .action(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<FilterOptions & LogOptions>();
      await readLog(context, options, "audit.export", "log", async (log) => {
        for await (const line of log.export({ filter: filterOf(options) })) context.out(`${line}\n`);
      });
    });
}
