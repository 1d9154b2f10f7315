import { relative, resolve, sep } from "node:path";
import type { Command } from "commander";
import { editFile } from "@lotse/core/app/workspace";
import { parsePath } from "@lotse/core/config";
import type { PrintedEdit } from "@lotse/core/contract";
import type { Colours, Context } from "../../context.ts";
import { printResult } from "../../output/result.ts";
import { inline, shownValue } from "../../output/value.ts";
import { sessionOf, type CommonOptions } from "../../options.ts";
import { leaf } from "../leaf.ts";

interface SetOptions extends CommonOptions {
  readonly string?: boolean;
  readonly delete?: boolean;
  readonly dryRun?: boolean;
}

/** `lotse config set FILE PATH VALUE` */
export function addSet(parent: Command, context: Context): void {
  leaf(parent, "set", "change one value in a file; comments, quotes and order stay")
    .argument("<file>", "a file of the workspace")
    .argument("<path>", "such as scaling.max_replicas")
    .argument("[value]", "read as YAML: 12, true, text, [a, b]")
    .option("--string", "take the value as text, whatever it looks like")
    .option("--delete", "remove the path instead")
    .option("--dry-run", "show the change and write nothing")
    .addHelpText(
      "after",
      `
Examples:
  lotse config set environments/tiers/enterprise.yml plan.max_replicas 24
  lotse config set environments/prod/prod.yml logging.level warning --dry-run`,
    )
    .action(async (file: string, path: string, text: string | undefined, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<SetOptions>();
      const session = sessionOf(context, options);
      const inside = relative(
        session.directory,
        resolve(context.cwd, options.directory === undefined ? "." : session.directory, file),
      );
      const change = await editFile(session, {
        file: inside.split(sep).join("/"),
        path: parsePath(path),
        value: options.delete === true ? undefined : text,
        remove: options.delete === true,
        asString: options.string === true,
        dryRun: options.dryRun === true,
      });
      const value: PrintedEdit = {
        file: change.file,
        path,
        line: change.line,
        before: shownValue(change.before, change.secret),
        after: shownValue(change.after, change.secret),
        written: change.written,
      };
      printResult(context, options.output ?? "table", {
        value,
        table: (colours) => editText(value, colours),
      });
    });
}

function editText(edit: PrintedEdit, colours: Colours): string {
  const change = `${colours.red(inline(edit.before))} → ${colours.green(inline(edit.after))}`;
  return `${colours.bold(`${edit.file}:${edit.line}`)} ${edit.path}: ${change}${edit.written ? "" : " (not written)"}\n`;
}
