import type { Command } from "commander";
import { changelog, changelogMarkdown, notesMarkdown, releaseNotes } from "@lotse/core/app";
import { LotseError } from "@lotse/core/kernel";
import type { Context } from "../../context.ts";
import { sessionOf, type CommonOptions } from "../../options.ts";
import { printResult } from "../../output/result.ts";
import { leaf } from "../leaf.ts";

/** `lotse release notes [FROM..]TO` */
export function addNotes(parent: Command, context: Context): void {
  leaf(parent, "notes", "write notes out of the commits between two releases, as Markdown")
    .argument("[range]", "TO or FROM..TO: releases, tags, or HEAD; HEAD if left out")
    .option("--changelog", "a whole CHANGELOG.md over all versions")
    .addHelpText(
      "after",
      `
Commits are read by the rules of conventionalcommits.org; what does not conform is told under Other. Without FROM the
notes begin at the version before TO.

Examples:
  lotse release notes v1.3.0..v1.4.0
  lotse release notes --changelog > CHANGELOG.md`,
    )
    .action(async (range: string | undefined, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { changelog?: boolean }>();
      const session = sessionOf(context, options);
      const isChangelog = options.changelog === true;
      if (isChangelog && range !== undefined) {
        throw new LotseError({
          code: "usage.argument",
          message: "--changelog is over all versions, and takes no range",
          hint: "leave out one of the two",
        });
      }
      const notes = isChangelog ? await changelog(session) : [await releaseNotes(session, range ?? "HEAD")];
      printResult(context, options.output ?? "table", {
        value: notes,
        table: () => (isChangelog ? changelogMarkdown(notes) : notes.map(notesMarkdown).join("\n")),
      });
    });
}
