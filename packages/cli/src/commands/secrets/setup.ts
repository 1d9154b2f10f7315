import type { Command } from "commander";
import { setUpGit, setUpSecrets, type SecretsSetUp } from "@lotse/core/app";
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
      "\nThe key goes where sops looks for it; one that is there already is used, the first age key before an SSH key. An\nexisting .sops.yaml is left alone.\n\nExample:\n  lotse secrets init",
    )
    .action(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { recipient: readonly string[] }>();
      const made = await setUpSecrets(sessionOf(context, options), options.recipient);
      printResult(context, options.output ?? "table", {
        value: { ...made, recipients: [...made.recipients] },
        table: () =>
          [
            keyText(made),
            made.rulesWritten
              ? `wrote .sops.yaml for ${made.recipients.join(", ")}`
              : ".sops.yaml is there already and was left alone",
            ...(made.ignored ? ["added .lotse/ to .gitignore"] : []),
            "try: lotse secrets set dev NAME",
          ].join("\n") + "\n",
      });
    });
}

function keyText({ keyFile, usedKey, recipients }: SecretsSetUp): string {
  if (keyFile !== null) return `your new key: ${keyFile}; keep a copy of it`;
  if (usedKey === null) return "you have a key already, of a kind that nothing is encrypted for";
  return `your key from ${usedKey} is used: ${recipients[0] ?? ""}`;
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
