import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { Option, type Command } from "commander";
import { policyCheck, policyHistory, renderReport, reportFormats, type PolicyRun } from "@lotse/core/app";
import { printed } from "@lotse/core/contract";
import { isSystemError, LotseError } from "@lotse/core/kernel";
import type { Context } from "../../context.ts";
import { sessionOf } from "../../options.ts";
import { leaf } from "../leaf.ts";
import { deliver } from "./file.ts";
import { judgingOf, withJudging, type JudgeOptions } from "./options.ts";

interface ReportOptions extends JudgeOptions {
  readonly format: string;
  readonly file?: string;
  readonly from?: string;
  readonly title?: string;
  readonly waived: boolean;
}

/** `lotse policy report [ENV] --format FORMAT` */
export function addReport(parent: Command, context: Context, version: string): void {
  withJudging(leaf(parent, "report", "write a report for people, auditors or other programs"))
    .addOption(new Option("--format <format>", "its form").choices([...reportFormats]).makeOptionMandatory())
    .option("--file <file>", "where to write it; standard output if left out")
    .option("--from <file>", "report on a run that policy check -o json printed, instead of judging now")
    .option("--title <text>", "its title")
    .option("--no-waived", "leave out what a waiver accepts")
    .addHelpText(
      "after",
      `
Ends with 0 whatever the results are: it reports. The trend comes from earlier runs of policy check over the
whole workspace.

Examples:
  lotse policy report --format html --file policy.html --title "Policy, November"
  lotse policy report prod --framework soc2 --format oscal --file soc2.oscal.json
  lotse policy report --from run.json --format markdown`,
    )
    .action(async (environment: string | undefined, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<ReportOptions>();
      const session = sessionOf(context, options);
      const run =
        options.from === undefined
          ? await policyCheck(session, judgingOf(environment, options))
          : await readRun(resolve(context.cwd, options.from), options.from);
      const text = renderReport(run, options.format, {
        version,
        title: options.title,
        previous: await policyHistory(session),
        includeSuppressed: options.waived,
      });
      await deliver(context, options.file, text);
    });
}

async function readText(path: string, name: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new LotseError({
      code: isSystemError(error, "ENOENT") ? "file.not-found" : "file.not-readable",
      message: `${name} ${isSystemError(error, "ENOENT") ? "does not exist" : "cannot be read"}`,
      hint: "make one with: lotse policy check -o json > run.json",
      where: { file: name },
      cause: error,
    });
  }
}

/** @throws LotseError `policy.report` for what is no run, `file.*` for what cannot be read */
async function readRun(path: string, name: string): Promise<PolicyRun> {
  let cause: unknown;
  const text = await readText(path, name);
  try {
    const parsed = printed["policy-check"].safeParse(JSON.parse(text));
    // What JSON leaves out and what is undefined is the same to a report.
    if (parsed.success) return parsed.data as PolicyRun;
    cause = parsed.error;
  } catch (error) {
    cause = error;
  }
  throw new LotseError({
    code: "policy.report",
    message: `${name} is no run of the policy`,
    hint: "make one with: lotse policy check -o json > run.json",
    where: { file: name },
    cause,
  });
}
