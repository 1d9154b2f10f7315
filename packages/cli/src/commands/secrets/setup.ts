import type { Command } from "commander";
import { setUpGit, setUpSecrets } from "@lotse/core/app";
import type { Context } from "../../context.ts";
import { printResult } from "../../output/result.ts";
import { sessionOf, type CommonOptions } from "../../options.ts";
import { leaf } from "../leaf.ts";

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** `lotse secrets init` */
export function addInit(parent: Command, context: Context): void {
  leaf(parent, "init", "make a key for you where you have none, and a .sops.yaml")
    .option("--recipient <key>", "who else opens new files; may be repeated", collect, [])
    .addHelpText(
      "after",
      "\nThe key goes where sops looks for it; an existing .sops.yaml is left alone.\n\nExample:\n  lotse secrets init",
    )
    .action(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { recipient: readonly string[] }>();
      const made = await setUpSecrets(sessionOf(context, options), options.recipient);
      printResult(context, options.output ?? "table", {
        value: { ...made, recipients: [...made.recipients] },
        table: () =>
          [
            made.keyFile === null
              ? "you have a key already"
              : `your new key: ${made.keyFile}; keep a copy of it`,
            made.rulesWritten
              ? `wrote .sops.yaml for ${made.recipients.join(", ")}`
              : ".sops.yaml is there already and was left alone",
            "try: lotse secrets set dev NAME",
          ].join("\n") + "\n",
      });
    });
}

/** `lotse secrets git-setup` */
export function addGitSetup(parent: Command, context: Context): void {
  leaf(parent, "git-setup", "make git merge secret files by value and show which values changed")
    .option("--remove", "undo it")
    .addHelpText(
      "after",
      "\nWrites .gitattributes and this clone's git configuration.\n\nExample:\n  lotse secrets git-setup",
    )
    .action(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { remove?: boolean }>();
      const value = await setUpGit(sessionOf(context, options), options.remove === true);
      printResult(context, options.output ?? "table", {
        value,
        table: () => `.gitattributes: ${value.attributes}\n`,
      });
    });
}
