import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import { verifyExport, verifyProof, type ExportReport, type VerifyReport } from "@lotse/core/audit";
import { exitStatuses, isLotseError, LotseError } from "@lotse/core/kernel";
import type { Context } from "../../context.ts";
import { printResult } from "../../output/result.ts";
import { sessionOf, type CommonOptions } from "../../options.ts";
import { ExitWith, leaf } from "../leaf.ts";

interface VerifyOptions extends CommonOptions {
  readonly key?: string;
  readonly proof?: string;
  readonly export?: string;
}

/** `lotse audit verify` */
export function addVerify(parent: Command, context: Context): void {
  leaf(parent, "verify", "check every entry, the signature and what the witnesses remember")
    .option("--key <key>", "the public key that must have signed, as `audit anchor` prints it")
    .option("--proof <file>", "check a proof by itself instead of the log; needs --key")
    .option("--export <file>", "check an export by itself instead of the log; needs --key")
    .addHelpText(
      "after",
      `
With -o json: {"ok", "size", "firstBadIndex", "reason", …}. Exit status 1 when anything is wrong.
Nothing is written, so a damaged log is not changed by looking at it.

Examples:
  lotse audit verify
  lotse audit verify -o json
  lotse audit verify --export audit.jsonl --key "$AUDIT_KEY"`,
    )
    .action(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<VerifyOptions>();
      if (options.proof !== undefined) await verifyFile(context, options, options.proof, proofReport);
      else if (options.export !== undefined) await verifyFile(context, options, options.export, exportReport);
      else await verifyLog(context, options);
    });
}

async function verifyLog(context: Context, options: VerifyOptions): Promise<void> {
  const log = await sessionOf(context, options).log.open();
  const report = await log.verify(options.key === undefined ? {} : { publicKey: options.key });
  printResult(context, options.output ?? "table", { value: report, table: () => reportText(report) });
  if (!report.ok) throw new ExitWith(exitStatuses.findings);
}

async function verifyFile(
  context: Context,
  options: VerifyOptions,
  file: string,
  check: (text: string, key: string) => Promise<ExportReport>,
): Promise<void> {
  if (options.key === undefined) {
    throw new LotseError({
      code: "usage.argument",
      message: "a proof or export is checked against a key that you trust, and none was given",
      hint: "give --key; whoever keeps the log gets it from lotse audit anchor",
    });
  }
  const text = await readFile(resolve(context.cwd, file), "utf8").catch((cause: unknown) => {
    throw new LotseError({
      code: "file.not-readable",
      message: `${file} cannot be read`,
      where: { file },
      cause,
    });
  });
  const report = await check(text, options.key);
  printResult(context, options.output ?? "table", {
    value: report,
    table: () =>
      report.ok
        ? `proven: ${report.entries} of the log's ${report.size} entries\n`
        : `not proven, line ${report.badLine ?? 1}: ${report.reason ?? ""}\n`,
  });
  if (!report.ok) throw new ExitWith(exitStatuses.findings);
}

async function exportReport(text: string, key: string): Promise<ExportReport> {
  return await verifyExport(
    text.split("\n").filter((line) => line !== ""),
    key,
  );
}

function proofReport(text: string, key: string): Promise<ExportReport> {
  try {
    const input: unknown = text.trimStart().startsWith("{") ? JSON.parse(text) : text;
    const { checkpoint } = verifyProof(input, key);
    return Promise.resolve({ ok: true, entries: 1, size: checkpoint.size, badLine: null, reason: null });
  } catch (error) {
    const reason = isLotseError(error) ? error.message : "it is not a proof";
    return Promise.resolve({ ok: false, entries: 0, size: 0, badLine: 1, reason });
  }
}

function reportText(report: VerifyReport): string {
  const lines = [
    report.ok
      ? `ok: all ${report.size} entries are what was written`
      : `NOT ok${report.firstBadIndex === null ? "" : `, first bad entry ${report.firstBadIndex}`}: ${report.reason ?? ""}`,
    ...report.witnesses.map(
      ({ name, status, size, reason }) =>
        `witness ${name}: ${status}${size === null ? "" : `, remembers ${size}`}${reason === null ? "" : `: ${reason}`}`,
    ),
    ...(report.openIntents > 0
      ? [`${report.openIntents} changes were begun and never reported as ended`]
      : []),
    ...(report.erased > 0 ? [`${report.erased} pieces of personal data were erased`] : []),
    ...(report.dropped > 0 ? [`${report.dropped} entries were dropped by retention`] : []),
  ];
  return `${lines.join("\n")}\n`;
}
