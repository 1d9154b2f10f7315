import { resolve } from "node:path";
import type { Command } from "commander";
import { acceptFindings, indexAll, scanForSecrets, type ScanOptions, type ScanReport } from "@lotse/core/app";
import { exitStatuses, LotseError, systemClock, systemExec } from "@lotse/core/kernel";
import {
  installHook,
  preCommitConfig,
  removeHook,
  toSarif,
  type Finding,
  type ScanTarget,
} from "@lotse/core/secrets";
import type { Colours, Context } from "../../context.ts";
import { printResult } from "../../output/result.ts";
import type { CommonOptions } from "../../options.ts";
import { version } from "../../version.ts";
import { ExitWith, leaf } from "../leaf.ts";
import { sessionAround } from "./files.ts";

interface ScanCommandOptions extends CommonOptions {
  readonly staged?: boolean;
  readonly history?: boolean;
  readonly env?: boolean;
  readonly sarif?: boolean;
  readonly index?: boolean;
  readonly accept?: boolean;
  readonly reason?: string;
  readonly owner?: string;
  readonly expires?: string;
  readonly installHook?: boolean;
  readonly removeHook?: boolean;
  readonly preCommitConfig?: boolean;
}

/** `lotse secrets scan` */
export function addScan(parent: Command, context: Context): void {
  leaf(parent, "scan", "look for secrets in plain text: files, the staged diff, .env files, the history")
    .argument("[files...]", "only these files; the repository if left out")
    .option("--staged", "what is about to be committed")
    .option("--history", "every version of every file that git knows")
    .option("--env", "also .env files that git ignores")
    .option("--sarif", "print SARIF 2.1.0")
    .option("--index", "first index every value that your keys open, to find them wherever they stand")
    .option("--accept", "accept what is found for a while; needs --reason, --owner and --expires")
    .option("--reason <text>", "why it may stay")
    .option("--owner <name>", "who answers for it")
    .option("--expires <day>", "the last day, as YYYY-MM-DD")
    .option("--install-hook", "install the pre-commit hook that runs this with --staged")
    .option("--remove-hook", "remove it again")
    .option("--pre-commit-config", "print the entry for the framework pre-commit")
    .addHelpText(
      "after",
      `
Placeholders, references and sops files pass. Exit status 1 when something was found. A finding never shows the
secret. Values that Lotse keeps are found by keyed hashes, so the scanner holds no plain text.

Examples:
  lotse secrets scan
  lotse secrets scan --staged
  lotse secrets scan --history --sarif > findings.sarif
  lotse secrets scan --accept --reason "test key of the vendor's documentation" --owner ada --expires 2027-01-31`,
    )
    .action(async (files: readonly string[], _: unknown, command: Command) => {
      const options = command.optsWithGlobals<ScanCommandOptions>();
      if (await handleHook(context, options)) return;
      const request = requestOf(context, files, options);
      if (options.index === true && request.session !== null) {
        context.err(`${await indexAll(request.session)} forms of known values are looked for\n`);
      }
      const report = await scanForSecrets(request);
      if (options.accept === true) {
        await accept(context, request, report, options);
        return;
      }
      print(context, options, report);
      if (!report.ok) throw new ExitWith(exitStatuses.findings);
    });
}

function requestOf(context: Context, files: readonly string[], options: ScanCommandOptions): ScanOptions {
  const session = sessionAround(context, options);
  const targets: ScanTarget[] = [
    ...(options.staged === true ? (["staged"] as const) : []),
    ...(options.history === true ? (["history"] as const) : []),
    ...(files.length > 0 ? [{ files }] : []),
  ];
  if (targets.length === 0) targets.push("tree");
  if (options.env === true) targets.push("env");
  const root = session?.directory ?? resolve(context.cwd, options.directory ?? ".");
  return { root, targets, exec: systemExec, clock: systemClock, session };
}

async function handleHook(context: Context, options: ScanCommandOptions): Promise<boolean> {
  const directory = resolve(context.cwd, options.directory ?? ".");
  if (options.preCommitConfig === true) {
    await sessionAround(context, options)?.recorder.read({ action: "secret.scan", object: "pre-commit" });
    context.out(preCommitConfig());
    return true;
  }
  if (options.installHook !== true && options.removeHook !== true) return false;
  const act = async (): Promise<string> => {
    const plan = await (options.removeHook === true ? removeHook : installHook)(systemExec, directory);
    return `${plan.path}: ${plan.action}\n`;
  };
  const session = sessionAround(context, options);
  const access = { action: "secret.hook", object: options.removeHook === true ? "remove" : "install" };
  context.err(session === null ? await act() : await session.recorder.change(access, act));
  return true;
}

async function accept(
  context: Context,
  request: ScanOptions,
  report: ScanReport,
  options: ScanCommandOptions,
): Promise<void> {
  const { reason, owner, expires } = options;
  if (reason === undefined || owner === undefined || expires === undefined) {
    throw new LotseError({
      code: "usage.argument",
      message: "a finding is accepted with a reason, by somebody, until a day",
      hint: "give --reason, --owner and --expires YYYY-MM-DD",
    });
  }
  const count = await acceptFindings(request, report, { reason, owner, expires });
  context.err(`${count} findings are accepted until ${expires}\n`);
}

function print(context: Context, options: ScanCommandOptions, report: ScanReport): void {
  if (options.sarif === true) {
    const sarif = toSarif({ findings: report.open, accepted: report.accepted, version });
    context.out(`${JSON.stringify(sarif, null, 2)}\n`);
    return;
  }
  printResult(context, options.output ?? "table", {
    value: {
      ok: report.ok,
      findings: report.open.map((finding) => ({ ...finding })),
      accepted: report.accepted.length,
      expired: report.expired.map((entry) => ({ ...entry })),
      scannedFiles: report.scannedFiles,
      scannedBytes: report.scannedBytes,
      skipped: report.skipped.map((file) => ({ ...file })),
    },
    table: (colours) => reportText(report, colours),
  });
}

function reportText(report: ScanReport, colours: Colours): string {
  const found = report.open.map((finding) => findingText(finding, colours));
  const accepted = report.accepted.length === 0 ? "" : `, ${report.accepted.length} accepted`;
  const skipped = report.skipped.length === 0 ? "" : `, ${report.skipped.length} not scanned`;
  return `${found.join("")}${report.open.length} found in ${report.scannedFiles} files${accepted}${skipped}\n`;
}

function findingText(finding: Finding, colours: Colours): string {
  const { file, line, column, message, hint, rule, commit } = finding;
  const where = colours.bold(`${file}:${line}:${column}`);
  const at = commit === undefined ? "" : ` in commit ${commit.slice(0, 12)}`;
  return `${where} ${colours.red("error")} ${message}${at} ${colours.dim(`[${rule}]`)}\n    ${colours.cyan("hint:")} ${hint}\n`;
}
