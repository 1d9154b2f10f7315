import type { Command } from "commander";
import { prepareRollout, statusOf, type TenantStatus } from "@lotse/core/app";
import type { PrintedStatus } from "@lotse/core/contract";
import { exitStatuses } from "@lotse/core/kernel";
import type { Context } from "../../context.ts";
import { outcomeText, planText, rolloutReporter } from "../../output/rollout.ts";
import { printResult } from "../../output/result.ts";
import { table } from "../../output/table.ts";
import { sessionOf, splitScope, type CommonOptions } from "../../options.ts";
import { ExitWith, leaf } from "../leaf.ts";

interface RolloutOptions extends CommonOptions {
  readonly tenant: readonly string[];
  readonly strategy?: string;
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

function withRollout(command: Command): Command {
  return command
    .option(
      "-t, --tenant <tenant>",
      "a tenant; several are taken in the order given, all if left out",
      collect,
      [],
    )
    .option("--strategy <strategy>", "how to roll out", "blue-green")
    .option("--force", "also tenants that run this release already")
    .option("--dry-run", "print the plan and do nothing");
}

/** `lotse deploy`, `lotse rollback` and `lotse status` */
export function addRollouts(program: Command, context: Context): void {
  addDeploy(program, context);
  addRollback(program, context);
  addStatus(program, context);
}

/** `lotse deploy ENV --release ID` */
function addDeploy(program: Command, context: Context): void {
  withRollout(leaf(program, "deploy", "roll out a release, tenant after tenant, and undo it where it fails"))
    .argument("<env>", "environment, or environment:tenant")
    .requiredOption("--release <release>", "id, its first six or more digits, or version")
    .addHelpText(
      "after",
      `
A tenant that fails keeps, or gets back, what it ran before; the tenants after it are not touched, and the exit
status is 1. Ctrl-C undoes the tenant at work.

Examples:
  lotse deploy staging --release 1.4.0
  lotse deploy prod --release 1.4.0 --tenant nordlicht-records --tenant radio-alpenglow --dry-run`,
    )
    .action(async (environment: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<RolloutOptions & { release: string }>();
      await roll(context, environment, options.release, options);
    });
}

/** `lotse rollback ENV --to RELEASE` */
function addRollback(program: Command, context: Context): void {
  withRollout(leaf(program, "rollback", "go back to a release, byte for byte, whatever the files say now"))
    .argument("<env>", "environment, or environment:tenant")
    .option("--to <release>", "id, its first six or more digits, or version; the one before if left out")
    .option("--to-version <version>", "the same as --to")
    .addHelpText("after", "\nExample:\n  lotse rollback prod --to v1.2.3 --tenant nordlicht-records")
    .action(async (environment: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<RolloutOptions & { to?: string; toVersion?: string }>();
      await roll(context, environment, options.to ?? options.toVersion, options);
    });
}

async function roll(
  context: Context,
  scope: string,
  release: string | undefined,
  options: RolloutOptions,
): Promise<void> {
  const { environment, tenant } = splitScope(scope);
  const format = options.output ?? "table";
  const prepared = await prepareRollout(sessionOf(context, options), {
    environment,
    release,
    tenants: tenant === undefined ? options.tenant : [tenant, ...options.tenant],
    strategy: options.strategy,
    force: options.force,
  });
  for (const warning of prepared.warnings)
    context.err(`${context.stderrColours.yellow("warning")} ${warning}\n`);
  if (options.dryRun === true) {
    printResult(context, format, { value: prepared.plan, table: () => planText(prepared.plan) });
    return;
  }
  const outcome = await prepared.apply({ signal: context.signal, onEvent: rolloutReporter(context) });
  printResult(context, format, { value: outcome, table: (colours) => outcomeText(outcome, colours) });
  if (outcome.status === "interrupted") throw new ExitWith(exitStatuses.interrupted);
  if (outcome.status !== "deployed") throw new ExitWith(exitStatuses.findings);
}

/** `lotse status [ENV]` */
function addStatus(program: Command, context: Context): void {
  leaf(program, "status", "show what runs where")
    .argument("[env]", "environment; all if left out")
    .option("-t, --tenant <tenant>", "only this tenant; may be repeated", collect, [])
    .action(async (environment: string | undefined, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { tenant: readonly string[] }>();
      const value = (await statusOf(sessionOf(context, options), environment, options.tenant)).map(
        printedStatus,
      );
      printResult(context, options.output ?? "table", {
        value,
        table: () =>
          value.length === 0
            ? "nothing was deployed yet\n"
            : table(
                ["ENVIRONMENT", "TENANT", "VERSION", "RELEASE", "COLOUR", "STATE", "URL", "SINCE"],
                value.map((row) => [
                  row.environment,
                  row.tenant,
                  row.version ?? "-",
                  row.release?.slice(0, 12) ?? "-",
                  row.colour ?? "-",
                  row.colours.find(({ colour }) => colour === row.colour)?.state ?? "-",
                  row.url ?? "-",
                  row.since ?? "-",
                ]),
              ),
      });
    });
}

function printedStatus({ deployment, state }: TenantStatus): PrintedStatus {
  const { current, history, environment, tenant } = deployment;
  const [last] = history;
  return {
    environment,
    tenant,
    release: current?.release ?? null,
    version: current?.version ?? null,
    colour: current?.colour ?? null,
    url: state.url,
    since: current?.since ?? null,
    colours: state.colours.map((colour) => ({ ...colour, detail: { ...colour.detail } })),
    last:
      last === undefined
        ? null
        : {
            version: last.version,
            status: last.status,
            at: last.at,
            ...(last.reason === undefined ? {} : { reason: last.reason }),
          },
  };
}
