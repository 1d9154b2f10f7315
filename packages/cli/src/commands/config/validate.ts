import type { Command } from "commander";
import { validateScopes, type Session } from "@lotse/core/app/workspace";
import type { ResolvedScope } from "@lotse/core/config";
import type { PrintedValidation } from "@lotse/core/contract";
import { exitStatuses } from "@lotse/core/kernel";
import type { Context } from "../../context.ts";
import { formatDiagnostic, printedDiagnostic } from "../../output/diagnostics.ts";
import { startProgress } from "../../output/progress.ts";
import { printResult } from "../../output/result.ts";
import { requestOf, sessionOf, splitScope, withScope, type ScopeOptions } from "../../options.ts";
import { ExitWith, leaf } from "../leaf.ts";

/** `lotse config validate [ENV] [--all]` */
export function addValidate(parent: Command, context: Context): void {
  withScope(leaf(parent, "validate", "check environments against layers' rules and the schema"))
    .argument(
      "[env]",
      "environment with all its tenants, or environment:tenant; all environments if left out",
    )
    .option("--all", "all environments with all their tenants")
    .addHelpText(
      "after",
      `
Ends with 1 when an error is found. Warnings, such as a lock that a break-glass entry lifts, do not count.

Examples:
  lotse config validate
  lotse config validate prod --tenant nordlicht-records -o json`,
    )
    .action((environment: string | undefined, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<ScopeOptions & { all?: boolean }>();
      const session = sessionOf(context, options);
      const scopes = scopesOf(session, options.all === true ? undefined : environment, options);
      const progress = startProgress(context, "validating");
      const { overrides, set } = requestOf(environment ?? "", options);
      const report = validateScopes(session, scopes, { overrides, set }, progress.report);
      progress.end();
      const value: PrintedValidation = { ...report, diagnostics: report.diagnostics.map(printedDiagnostic) };
      printResult(context, options.output ?? "table", {
        value,
        table: (colours) => {
          const lines = report.diagnostics
            .map((diagnostic) => formatDiagnostic(diagnostic, colours))
            .join("");
          const errors = report.diagnostics.filter(({ severity }) => severity === "error").length;
          const warnings = report.diagnostics.length - errors;
          const verdict = report.ok ? colours.green("valid") : colours.red("invalid");
          return `${lines}${verdict}: ${report.scopes} environments of tenants, ${errors} errors, ${warnings} warnings\n`;
        },
      });
      if (!report.ok) throw new ExitWith(exitStatuses.findings);
    });
}

function scopesOf(
  session: Session,
  environment: string | undefined,
  options: ScopeOptions,
): readonly ResolvedScope[] {
  const { engine } = session;
  const named = environment === undefined ? undefined : splitScope(environment);
  const tenant = options.tenant ?? named?.tenant;
  const environments =
    named === undefined ? engine.workspace.environments : [engine.environment(named.environment)];
  if (tenant === undefined) return environments.flatMap((name) => engine.scopes(name));
  if (named !== undefined) return environments.map((name) => ({ environment: name, tenant }));
  const living = environments.filter((name) => engine.tenants.of(name).includes(tenant));
  return (living.length === 0 ? environments : living).map((name) => ({ environment: name, tenant }));
}
