import type { Command } from "commander";
import { policyWaiverExpiring, policyWaiverLint, policyWaiverList, type ListedWaiver } from "@lotse/core/app";
import { exitStatuses, LotseError } from "@lotse/core/kernel";
import type { Colours, Context } from "../../context.ts";
import { formatDiagnostic, printedDiagnostic } from "../../output/diagnostics.ts";
import { printResult } from "../../output/result.ts";
import { table } from "../../output/table.ts";
import { sessionOf, type CommonOptions } from "../../options.ts";
import { ExitWith, leaf } from "../leaf.ts";

/** `lotse waivers …` */
export function addWaivers(parent: Command, context: Context): void {
  const waivers = parent.command("waivers").description("what is accepted for a time: check it, list it");
  addLint(waivers, context);
  addList(waivers, context);
  addExpiring(waivers, context);
}

function addLint(parent: Command, context: Context): void {
  leaf(parent, "lint", "tell which waivers do not hold, and why")
    .addHelpText("after", "\nEnds with 1 when one does not hold.\n\nExample:\n  lotse waivers lint -o json")
    .action(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>();
      const findings = await policyWaiverLint(sessionOf(context, options));
      const errors = findings.filter(({ severity }) => severity === "error").length;
      printResult(context, options.output ?? "table", {
        value: findings.map(printedDiagnostic),
        table: (colours) =>
          `${findings.map((one) => formatDiagnostic(one, colours)).join("")}${errors === 0 ? colours.green("valid") : colours.red("invalid")}: ${errors} errors, ${findings.length - errors} warnings\n`,
      });
      if (errors > 0) throw new ExitWith(exitStatuses.findings);
    });
}

function addList(parent: Command, context: Context): void {
  leaf(parent, "list", "list the waivers, those that end soonest first").action(
    async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>();
      print(context, options, await policyWaiverList(sessionOf(context, options)));
    },
  );
}

function addExpiring(parent: Command, context: Context): void {
  leaf(parent, "expiring", "list the waivers that end soon, or have ended")
    .option("--days <n>", "how soon", "30")
    .addHelpText("after", "\nEnds with 1 when there are any.\n\nExample:\n  lotse waivers expiring --days 14")
    .action(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { days: string }>();
      const waivers = await policyWaiverExpiring(sessionOf(context, options), daysOf(options.days));
      print(context, options, waivers);
      if (waivers.length > 0) throw new ExitWith(exitStatuses.findings);
    });
}

function daysOf(text: string): number {
  if (/^\d{1,4}$/u.test(text)) return Number(text);
  throw new LotseError({
    code: "usage.argument",
    message: `--days ${text.slice(0, 40)} is no number of days`,
    hint: "write --days 14",
  });
}

function print(context: Context, options: CommonOptions, waivers: readonly ListedWaiver[]): void {
  printResult(context, options.output ?? "table", {
    value: waivers,
    table: (colours) => (waivers.length === 0 ? "no waivers\n" : listText(waivers, colours)),
  });
}

function listText(waivers: readonly ListedWaiver[], colours: Colours): string {
  return table(
    ["WAIVER", "CHECK", "IN", "OWNER", "APPROVED BY", "EXPIRES", "DAYS", "STATE"],
    waivers.map((one) => [
      one.id,
      one.check,
      `${one.environments.join(",")}:${one.tenants.join(",")}`,
      one.owner,
      one.approver,
      one.expires,
      String(one.daysLeft),
      one.state === "active" ? colours.green(one.state) : colours.red(one.state),
    ]),
  );
}
