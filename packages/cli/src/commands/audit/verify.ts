import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import { verifyExport, verifyProof, type ExportReport, type VerifyReport } from "@lotse/core/audit";
import { exitStatuses, isLotseError, LotseError } from "@lotse/core/kernel";
import type { Context } from "../../context.ts";
import { printResult } from "../../output/result.ts";
import { ExitWith, leaf } from "../leaf.ts";
import { openLogs, withLog, type LogOptions, type OpenedLog } from "./logs.ts";

interface VerifyOptions extends LogOptions {
  readonly key?: string;
  readonly proof?: string;
  readonly export?: string;
}

/** `lotse audit verify` */
export function addVerify(parent: Command, context: Context): void {
  const command = leaf(parent, "verify", "check every entry, the signature and what the witnesses remember");
  withLog(command, ["workspace", "database", "all"], "all")
    .option("--key <key>", "the public key that must have signed, as `audit anchor` prints it")
    .option("--proof <file>", "check a proof by itself instead of the log; needs --key")
    .option("--export <file>", "check an export by itself instead of the log; needs --key")
    .addHelpText(
      "after",
      `
With -o json: {"ok", "size", "firstBadIndex", "reason", …}, and the same under "database" for the log of the
database, where there is one. Exit status 1 when anything is wrong.
Nothing is written, so a damaged log is not changed by looking at it.

Examples:
  lotse audit verify
  lotse audit verify -o json
  lotse audit verify --export audit.jsonl --key "$AUDIT_KEY"`,
    )
    .action(async (_: unknown, called: Command) => {
      const options = called.optsWithGlobals<VerifyOptions>();
      if (options.proof !== undefined) await verifyFile(context, options, options.proof, proofReport);
      else if (options.export !== undefined) await verifyFile(context, options, options.export, exportReport);
      else await verifyLog(context, options);
    });
}

async function verifyLog(context: Context, options: VerifyOptions): Promise<void> {
  const logs = await openLogs(context, options);
  try {
    const reports: Reported[] = [];
    for (const opened of logs) reports.push(await reportOn(opened, options));
    const value = valueOf(reports);
    printResult(context, options.output ?? "table", {
      value,
      table: () => reports.map((report) => reportText(report, reports.length > 1)).join(""),
    });
    if (!value.ok) throw new ExitWith(exitStatuses.findings);
  } finally {
    for (const { close } of logs) await close();
  }
}

interface Reported {
  readonly which: OpenedLog["which"];
  readonly report: VerifyReport;
  readonly waiting: number;
}

/** The key that must have signed is that of one log; with all logs, that of the workspace's. */
async function reportOn(opened: OpenedLog, options: VerifyOptions): Promise<Reported> {
  const { which, log, waiting, refused } = opened;
  const keyed = options.key !== undefined && (which === "workspace" || options.log === "database");
  const report = await log.verify(keyed ? { publicKey: options.key } : {});
  if (!report.ok || refused === 0) return { which, waiting, report };
  const reason = `${refused} entries were refused their place in the log`;
  return { which, waiting, report: { ...report, ok: false, reason } };
}

/** The report on the first log, and beside it that on the database's; `ok` and `reason` are about both. */
function valueOf(reports: readonly Reported[]): { readonly ok: boolean } & Readonly<Record<string, unknown>> {
  const [first, second] = reports;
  if (first === undefined) throw new LotseError({ code: "internal.bug", message: "no log was verified" });
  const waiting = first.which === "database" ? { waiting: first.waiting } : {};
  if (second === undefined) return { ...first.report, ...waiting };
  const { ok, reason } = second.report;
  return {
    ...first.report,
    ok: first.report.ok && ok,
    reason: first.report.reason ?? (reason === null ? null : `the database's log: ${reason}`),
    database: { ...second.report, waiting: second.waiting },
  };
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

function reportText({ which, report, waiting }: Reported, several: boolean): string {
  const lines = [
    ...(several ? [`the log of the ${which}:`] : []),
    report.ok
      ? `ok: all ${report.size} entries are what was written`
      : `NOT ok${report.firstBadIndex === null ? "" : `, first bad entry ${report.firstBadIndex}`}: ${report.reason ?? ""}`,
    ...report.witnesses.map(
      ({ name, status, size, reason }) =>
        `witness ${name}: ${status}${size === null ? "" : `, remembers ${size}`}${reason === null ? "" : `: ${reason}`}`,
    ),
    ...(waiting > 0 ? [`${waiting} entries wait for a worker to give them their place`] : []),
    ...(report.openIntents > 0
      ? [`${report.openIntents} changes were begun and never reported as ended`]
      : []),
    ...(report.erased > 0 ? [`${report.erased} pieces of personal data were erased`] : []),
    ...(report.dropped > 0 ? [`${report.dropped} entries were dropped by retention`] : []),
  ];
  return `${lines.join("\n")}\n`;
}
