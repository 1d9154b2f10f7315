import type { Command } from "commander";
import { policyExplain, type ExplainedCheck } from "@lotse/core/app";
import type { Colours, Context } from "../../context.ts";
import { printResult } from "../../output/result.ts";
import { table } from "../../output/table.ts";
import { sessionOf, type CommonOptions } from "../../options.ts";
import { leaf } from "../leaf.ts";

/** `lotse policy explain CHECK` */
export function addExplain(parent: Command, context: Context): void {
  leaf(parent, "explain", "tell what a check asks, why, and what it is evidence for")
    .argument("<check>", "its id, or its number in docs/policy.md")
    .addHelpText(
      "after",
      "\nExamples:\n  lotse policy explain tls-minimum-version\n  lotse policy explain 27 -o json",
    )
    .action(async (check: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>();
      const value = await policyExplain(sessionOf(context, options), check);
      printResult(context, options.output ?? "table", {
        value,
        table: (colours) => explanationText(value, colours),
      });
    });
}

function explanationText(told: ExplainedCheck, colours: Colours): string {
  const { check, title, severity, why, remedy, facts, requirements, profiles, examples } = told;
  const factRows = facts.map(({ name, required, paths, source }) => [
    name,
    required ? "" : "optional",
    paths.length > 0 ? paths.join(", ") : source,
  ]);
  const requirementRows = requirements.map(({ framework, id, title, tentative }) => [
    framework,
    id,
    `${title}${tentative ? " (mapping to be confirmed)" : ""}`,
  ]);
  return [
    `${colours.bold(check)} ${colours.dim(`(${severity})`)}\n${title}\n${why}\n`,
    `${colours.cyan("remedy:")} ${remedy}\n`,
    table(["FACT", "", "FROM"], factRows),
    ...(requirementRows.length === 0 ? [] : [table(["FRAMEWORK", "REQUIREMENT", "TITLE"], requirementRows)]),
    ...(profiles.length === 0 ? [] : [`runs in the profiles ${profiles.join(", ")}\n`]),
    `${colours.green("passes with")} ${JSON.stringify(examples.pass)}\n${colours.red("fails with")}  ${JSON.stringify(examples.fail)}\n`,
  ].join("\n");
}
