import type { Command } from "commander";
import {
  acceptVersions,
  rulesFile,
  secretLayerOfFile,
  verifySecrets,
  type SecretsReport,
} from "@lotse/core/app";
import { exitStatuses, LotseError, type Diagnostic } from "@lotse/core/kernel";
import type { Colours, Context } from "../../context.ts";
import { formatDiagnostic, printedDiagnostic } from "../../output/diagnostics.ts";
import { printResult } from "../../output/result.ts";
import { sessionOf, type CommonOptions } from "../../options.ts";
import { ExitWith, leaf } from "../leaf.ts";
import { inWorkspace } from "./recipients.ts";

/** `lotse secrets verify [FILE…]` */
export function addVerify(parent: Command, context: Context): void {
  leaf(parent, "verify", "check that secret files are the ones that belong where they are")
    .argument("[files...]", "secret files; all if left out")
    .option("--accept", "take the named files' present versions although newer ones were here")
    .addHelpText(
      "after",
      `
Catches what sops lets through: renamed keys, moved values, a file of another tenant or environment, an old
version brought back. Values are checked where one of your keys opens the file. Of .sops.yaml
it is checked that whoever may has signed whom it names: nobody adds himself and waits for the next new file.

Examples:
  lotse secrets verify
  lotse secrets verify --accept environments/prod/secrets/prod.yml
  lotse secrets verify --accept .sops.yaml`,
    )
    .action(async (named: readonly string[], _: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { accept?: boolean }>();
      const session = sessionOf(context, options);
      const files = named.map((file) => {
        const path = inWorkspace(context, session, file, options);
        return path === rulesFile ? path : secretLayerOfFile(session, path).file;
      });
      if (options.accept === true && files.length === 0) throw unnamed();
      if (options.accept === true) await acceptVersions(session, files);
      const report = await verifySecrets(session, files);
      printResult(context, options.output ?? "table", {
        value: {
          ok: report.ok,
          files: report.files.map(printedFile),
          strangers: [...report.strangers],
          rules: report.rules === null ? null : printedFile(report.rules),
          notes: report.notes.map(printedDiagnostic),
        },
        table: (colours) => reportText(report, colours, files.length > 0),
      });
      if (!report.ok) throw new ExitWith(exitStatuses.findings);
    });
}

function printedFile<T extends { readonly problem: Diagnostic | null }>(file: T) {
  return { ...file, problem: file.problem === null ? null : printedDiagnostic(file.problem) };
}

/** An old version is accepted file by file, by somebody who knows why it came back. */
function unnamed(): LotseError {
  return new LotseError({
    code: "usage.argument",
    message: "--accept takes the files whose present versions are meant, and none was named",
    hint: "lotse secrets verify tells which ones are older than before",
  });
}

function reportText(
  { files, strangers, rules, notes }: SecretsReport,
  colours: Colours,
  named: boolean,
): string {
  const lines = files.map(({ file, version, opened, problem }) =>
    problem === null
      ? `ok  ${file} version ${version ?? "-"}${opened ? "" : " (no key opens it: manifest and place only)"}\n`
      : formatDiagnostic(problem, colours),
  );
  const others = strangers.map(
    (file) => `${colours.red("error")} ${file} is among the secret files and belongs to no scope\n`,
  );
  const empty = lines.length + others.length === 0 && !named ? ["there is no secret file yet\n"] : [];
  const warnings = notes.map((note) => formatDiagnostic(note, colours));
  return [...lines, ...others, ...empty, rulesText(rules, colours), ...warnings].join("");
}

function rulesText(rules: SecretsReport["rules"], colours: Colours): string {
  if (rules === null) return "";
  if (rules.problem !== null) return formatDiagnostic(rules.problem, colours);
  const { file, version } = rules;
  return version === null
    ? `ok  ${file} (not signed yet: lotse secrets verify --accept ${file})\n`
    : `ok  ${file} version ${version}\n`;
}
