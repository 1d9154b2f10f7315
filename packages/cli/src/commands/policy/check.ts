import { Option, type Command } from "commander";
import {
  policyCheck,
  policyHistory,
  recordPolicyRun,
  renderReport,
  reportFormatOf,
  reportFormats,
} from "@lotse/core/app";
import { exitStatuses, LotseError } from "@lotse/core/kernel";
import type { Context } from "../../context.ts";
import { formatDiagnostic } from "../../output/diagnostics.ts";
import { printResult } from "../../output/result.ts";
import { sessionOf } from "../../options.ts";
import { ExitWith, leaf } from "../leaf.ts";
import { deliver } from "./file.ts";
import { isWhole, judgingOf, withJudging, type JudgeOptions } from "./options.ts";
import { runText } from "./print.ts";

interface CheckOptions extends JudgeOptions {
  readonly report?: string;
  readonly format?: string;
}

/** `lotse policy check [ENV]` */
export function addCheck(parent: Command, context: Context, version: string): void {
  withJudging(leaf(parent, "check", "judge every tenant's resolved environment by the policy"))
    .option("--report <file>", "write a report to this file besides")
    .addOption(new Option("--format <format>", "the form of the report").choices([...reportFormats]))
    .addHelpText(
      "after",
      `
Ends with 1 when a check fails, and with --strict also when one is unknown. Without --report, --format prints
the report instead of the result.

Examples:
  lotse policy check prod
  lotse policy check --framework pci-dss --strict
  lotse policy check prod --tenant nordlicht-records -o json
  lotse policy check --report policy.sarif --format sarif
  lotse policy check --changed-since main --format junit`,
    )
    .action(async (environment: string | undefined, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<CheckOptions>();
      const session = sessionOf(context, options);
      const request = judgingOf(environment, options);
      const format = formatOf(options);
      const previous = await policyHistory(session);
      const run = await policyCheck(session, request);
      if (isWhole(request)) await recordPolicyRun(session, run);
      for (const problem of run.unresolved ?? [])
        context.err(formatDiagnostic(problem, context.stderrColours));
      if (format !== undefined) {
        await deliver(context, options.report, renderReport(run, format, { version, previous }));
      }
      if (format === undefined || options.report !== undefined) {
        printResult(context, options.output ?? "table", {
          value: run,
          table: (colours) => runText(run, colours),
        });
      }
      if (!run.summary.ok) throw new ExitWith(exitStatuses.findings);
    });
}

/** The form of the report; by the ending of its file where it is not named. @throws LotseError */
function formatOf({ report, format }: CheckOptions): string | undefined {
  if (report === undefined || format !== undefined) return format;
  const ending = /\.(?:(oscal)\.json|(?:[^.]+))$/u.exec(report)?.[0] ?? "";
  const byEnding: Readonly<Record<string, string>> = {
    ".html": "html",
    ".md": "markdown",
    ".sarif": "sarif",
    ".xml": "junit",
    ".oscal.json": "oscal",
    ".json": "json",
  };
  const found = byEnding[ending];
  if (found !== undefined) return reportFormatOf(found);
  throw new LotseError({
    code: "usage.argument",
    message: `the name ${report.slice(-80)} does not say which form the report has`,
    hint: `add --format with one of ${reportFormats.join(", ")}`,
  });
}
