import type { Command } from "commander";
import { compare, parsePath, policyAt, type Difference, type Snapshot } from "@lotse/core/config";
import type { PrintedDifference } from "@lotse/core/contract";
import type { Colours, Context } from "../../context.ts";
import { printResult } from "../../output/result.ts";
import { inline, shownValue } from "../../output/value.ts";
import { requestOf, sessionOf, withScope, type ScopeOptions } from "../../options.ts";
import { leaf } from "../leaf.ts";
import { tellFindings } from "./findings.ts";

/** `lotse config diff ENV[:TENANT] ENV[:TENANT]` */
export function addDiff(parent: Command, context: Context): void {
  withScope(leaf(parent, "diff", "compare two resolved environments"))
    .argument("<left>", "environment or environment:tenant")
    .argument("<right>", "environment or environment:tenant")
    .addHelpText(
      "after",
      `
--tenant, --override and --set apply to both sides. What config validate finds in them is told, too; the command
ends with 1 when an error is among it.

Examples:
  lotse config diff staging prod --tenant nordlicht-records
  lotse config diff prod:nordlicht-records prod:radio-alpenglow -o json`,
    )
    .action((left: string, right: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<ScopeOptions>();
      const session = sessionOf(context, options);
      const { engine } = session;
      const sides = [
        engine.resolve(requestOf(left, options)),
        engine.resolve(requestOf(right, options)),
      ] as const;
      const end = tellFindings(session, sides, context);
      const value = compare(sides[0].root, sides[1].root).map((difference) =>
        printedDifference(difference, sides),
      );
      printResult(context, options.output ?? "table", {
        value,
        table: (colours) => diffText(value, colours),
      });
      end();
    });
}

function printedDifference(difference: Difference, sides: readonly [Snapshot, Snapshot]): PrintedDifference {
  const { path, kind, left, right } = difference;
  const holder = right === undefined ? sides[0] : sides[1];
  const secret = policyAt(holder.policy, parsePath(path), holder.root)?.secret === true;
  return { path, kind, left: shownValue(left, secret), right: shownValue(right, secret) };
}

function diffText(differences: readonly PrintedDifference[], colours: Colours): string {
  if (differences.length === 0) return "no difference\n";
  return differences
    .map(({ path, kind, left, right }) => {
      if (kind === "added") return colours.green(`+ ${path}: ${inline(right)}`);
      if (kind === "removed") return colours.red(`- ${path}: ${inline(left)}`);
      return `${colours.yellow("~")} ${path}: ${colours.red(inline(left))} → ${colours.green(inline(right))}`;
    })
    .map((line) => `${line}\n`)
    .join("");
}
