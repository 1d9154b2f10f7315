import type { Command } from "commander";
import { impactOf } from "@lotse/core/app/workspace";
import type { PrintedImpact } from "@lotse/core/contract";
import { resolve } from "node:path";
import type { Colours, Context } from "../../context.ts";
import { startProgress } from "../../output/progress.ts";
import { printResult } from "../../output/result.ts";
import { sessionOf, type CommonOptions } from "../../options.ts";
import { leaf } from "../leaf.ts";

/** `lotse config impact [FILE…] [--since REV]` */
export function addImpact(parent: Command, context: Context): void {
  leaf(parent, "impact", "tell which values of which tenants a change touches")
    .argument("[files...]", "files of the workspace; all that changed if left out")
    .option("--since <revision>", "compare the files on disk with this git revision")
    .addHelpText(
      "after",
      `
Without --since, files are compared with the last commit. For a file that has not changed since, or that is in
no git repository, everything that it decides is told.

Examples:
  lotse config impact
  lotse config impact environments/tiers/enterprise.yml
  lotse config impact --since main -o json`,
    )
    .action(async (files: string[], _: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { since?: string }>();
      const session = sessionOf(context, options);
      const progress = startProgress(context, "comparing");
      const from = files.every((file) => session.engine.files.stamp(file) !== undefined)
        ? session.directory
        : resolve(context.cwd);
      const report = await impactOf(
        session,
        { files, from, since: options.since, variables: context.variables },
        progress.report,
      );
      progress.end();
      context.err(
        report.revision === undefined
          ? "unchanged since the last commit, or not in git: showing everything that the files decide\n"
          : `compared with ${report.revision}\n`,
      );
      const value = report.impacts.map(({ environment, tenant, paths, problem }): PrintedImpact => ({
        environment,
        tenant: tenant ?? null,
        paths: [...paths],
        ...(problem === undefined ? {} : { problem }),
      }));
      printResult(context, options.output ?? "table", {
        value,
        table: (colours) => impactText(value, colours),
      });
    });
}

const shown = 8;

function impactText(impacts: readonly PrintedImpact[], colours: Colours): string {
  if (impacts.length === 0) return "no tenant's environment changes\n";
  const groups = new Map<string, { scopes: string[]; impact: PrintedImpact }>();
  for (const impact of impacts) {
    const key = JSON.stringify([impact.paths, impact.problem]);
    const scope = impact.tenant === null ? impact.environment : `${impact.environment}:${impact.tenant}`;
    const group = groups.get(key) ?? { scopes: [], impact };
    group.scopes.push(scope);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ scopes, impact }) => groupText(scopes, impact, colours)).join("\n");
}

function groupText(scopes: readonly string[], { paths, problem }: PrintedImpact, colours: Colours): string {
  const lines = [
    colours.bold(
      `${scopes.length} × ${paths.length} values: ${scopes.slice(0, shown).join(", ")}${scopes.length > shown ? ", …" : ""}`,
    ),
  ];
  if (problem !== undefined) lines.push(`  ${colours.red(problem)}`);
  lines.push(...paths.slice(0, shown * 3).map((path) => `  ${path}`));
  if (paths.length > shown * 3) lines.push(`  … and ${paths.length - shown * 3} more (-o json lists all)`);
  return `${lines.join("\n")}\n`;
}
