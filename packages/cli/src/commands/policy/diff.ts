import type { Command } from "commander";
import { policyDiff } from "@lotse/core/app";
import { exitStatuses } from "@lotse/core/kernel";
import type { Context } from "../../context.ts";
import { formatDiagnostic } from "../../output/diagnostics.ts";
import { printResult } from "../../output/result.ts";
import { sessionOf, type CommonOptions } from "../../options.ts";
import { ExitWith, leaf } from "../leaf.ts";

/** `lotse policy diff [FROM] [TO]` */
export function addDiff(parent: Command, context: Context): void {
  leaf(parent, "diff", "tell which requirements a change breaks or mends, and for whom")
    .argument("[from]", "the git revision before the change", "HEAD")
    .argument("[to]", "the revision after it; the files as they are if left out")
    .option("--strict", "what is no longer known counts as broken")
    .addHelpText(
      "after",
      `
Ends with 1 when something breaks, or an environment of a tenant does not resolve.

Examples:
  lotse policy diff
  lotse policy diff main
  lotse policy diff v1.4.0 v1.5.0 -o json`,
    )
    .action(async (from: string, to: string | undefined, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { strict?: boolean }>();
      const diff = await policyDiff(sessionOf(context, options), { from, to, strict: options.strict });
      for (const problem of diff.unresolved ?? [])
        context.err(formatDiagnostic(problem, context.stderrColours));
      printResult(context, options.output ?? "table", {
        value: diff,
        table: (colours) => {
          const paint = { breaks: colours.red, loses: colours.yellow, mends: colours.green };
          const lines = diff.changes.map(
            ({ kind }, index) => `${paint[kind](kind)} ${diff.sentences[index] ?? ""}\n`,
          );
          return lines.length === 0 ? "the policy judges both alike\n" : lines.join("");
        },
      });
      if (!diff.ok) throw new ExitWith(exitStatuses.findings);
    });
}
