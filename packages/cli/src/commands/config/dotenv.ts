import type { Command } from "commander";
import { checkEnvFile, exampleOf, exportEnv, importEnv } from "@lotse/core/app/workspace";
import type { PrintedValidation } from "@lotse/core/contract";
import { exitStatuses } from "@lotse/core/kernel";
import type { Context } from "../../context.ts";
import { formatDiagnostic, printedDiagnostic } from "../../output/diagnostics.ts";
import { printResult } from "../../output/result.ts";
import { jsonValue } from "../../output/value.ts";
import { sessionOf, withScope, type CommonOptions, type ScopeOptions } from "../../options.ts";
import { toYaml } from "@lotse/core/config";
import { ExitWith, leaf } from "../leaf.ts";
import { usableSnapshot } from "./get.ts";

/** `lotse config env import | export | check | example` */
export function addDotenv(parent: Command, context: Context): void {
  const env = parent.command("env").description("read, write and check .env files");
  addExport(env, context);
  addImport(env, context);
  addCheck(env, context);
  addExample(env, context);
}

function addExport(parent: Command, context: Context): void {
  withScope(leaf(parent, "export", "print the variables that the schema names with x-env, as a .env file"))
    .argument("<env>", "environment, or environment:tenant")
    .addHelpText(
      "after",
      "\nSecrets are printed as their references, never as their content.\n\nExample:\n  lotse config env export prod:nordlicht-records > .env",
    )
    .action((environment: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<ScopeOptions>();
      const exported = exportEnv(usableSnapshot(sessionOf(context, options), environment, options, context));
      printResult(context, options.output ?? "env", {
        value: Object.fromEntries(exported.variables),
        table: () => exported.text,
        env: () => exported.text,
      });
    });
}

function addImport(parent: Command, context: Context): void {
  leaf(parent, "import", "print a .env file as a layer, its values typed by the schema")
    .argument("<file>", "a .env file of the workspace")
    .addHelpText(
      "after",
      "\nExample:\n  lotse config env import config/environments/.env.staging -o yaml > environments/staging/overrides/imported.yml",
    )
    .action((file: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>();
      const imported = importEnv(sessionOf(context, options), file, context.cwd);
      for (const problem of imported.problems) context.err(formatDiagnostic(problem, context.stderrColours));
      printResult(context, options.output ?? "yaml", {
        value: jsonValue(imported.root),
        table: () => toYaml(imported.root),
      });
      if (imported.problems.some(({ severity }) => severity === "error"))
        throw new ExitWith(exitStatuses.findings);
    });
}

function addCheck(parent: Command, context: Context): void {
  leaf(parent, "check", "check that .env files fit the schema and hold placeholders only")
    .argument("<files...>", ".env files of the workspace")
    .addHelpText("after", "\nExample:\n  lotse config env check config/environments/.env.*")
    .action((files: readonly string[], _: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>();
      const session = sessionOf(context, options);
      const diagnostics = files.flatMap((file) => checkEnvFile(session, file, context.cwd));
      const ok = diagnostics.every(({ severity }) => severity !== "error");
      const value: PrintedValidation = {
        ok,
        scopes: files.length,
        diagnostics: diagnostics.map(printedDiagnostic),
      };
      printResult(context, options.output ?? "table", {
        value,
        table: (colours) =>
          diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, colours)).join("") +
          `${ok ? colours.green("valid") : colours.red("invalid")}: ${files.length} files, ${diagnostics.length} findings\n`,
      });
      if (!ok) throw new ExitWith(exitStatuses.findings);
    });
}

function addExample(parent: Command, context: Context): void {
  leaf(parent, "example", "write the variables that an example file lacks into it, with placeholders")
    .argument("<file>", "a .env file of the workspace")
    .option("--dry-run", "print the file instead of writing it")
    .action(async (file: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { dryRun?: boolean }>();
      const text = await exampleOf(sessionOf(context, options), file, {
        cwd: context.cwd,
        write: options.dryRun !== true,
      });
      if (options.dryRun === true) context.out(text);
    });
}
