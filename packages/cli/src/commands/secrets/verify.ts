import type { Command } from "commander";
import { acceptVersions, secretLayerOfFile, verifySecrets, type SecretsReport } from "@lotse/core/app";
import { exitStatuses, LotseError } from "@lotse/core/kernel";
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
version brought back. Values are checked where one of your keys opens the file.

Examples:
  lotse secrets verify
  lotse secrets verify --accept environments/prod/secrets/prod.yml`,
    )
    .action(async (named: readonly string[], _: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { accept?: boolean }>();
      const session = sessionOf(context, options);
      const files = named.map(
        (file) => secretLayerOfFile(session, inWorkspace(context, session, file, options)).file,
      );
      if (options.accept === true && files.length === 0) throw unnamed();
      if (options.accept === true) await acceptVersions(session, files);
      const report = await verifySecrets(session, files);
      printResult(context, options.output ?? "table", {
        value: {
          ok: report.ok,
          files: report.files.map((file) => ({
            ...file,
            problem: file.problem === null ? null : printedDiagnostic(file.problem),
          })),
          strangers: [...report.strangers],
        },
        table: (colours) => reportText(report, colours),
      });
      if (!report.ok) throw new ExitWith(exitStatuses.findings);
    });
}

/** An old version is accepted file by file, by somebody who knows why it came back. */
function unnamed(): LotseError {
  return new LotseError({
    code: "usage.argument",
    message: "--accept takes the files whose present versions are meant, and none was named",
    hint: "lotse secrets verify tells which ones are older than before",
  });
}

function reportText({ files, strangers }: SecretsReport, colours: Colours): string {
  const lines = files.map(({ file, version, opened, problem }) =>
    problem === null
      ? `ok  ${file} version ${version ?? "-"}${opened ? "" : " (no key opens it: manifest and place only)"}\n`
      : formatDiagnostic(problem, colours),
  );
  const others = strangers.map(
    (file) => `${colours.red("error")} ${file} is among the secret files and belongs to no scope\n`,
  );
  return [...lines, ...others].join("") || "there is no secret file yet\n";
}
