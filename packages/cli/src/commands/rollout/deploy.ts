import { Option, type Command } from "commander";
import { dryRun, rolloutRequest, type RequestedRollout, type WantedRollout } from "@lotse/core/app";
import type { RolloutRequest, TenantPlan } from "@lotse/core/release";
import type { WhenBusy } from "@lotse/engine";
import type { Context } from "../../context.ts";
import { printedPlan, planText } from "../../output/rollout.ts";
import { printResult } from "../../output/result.ts";
import { sessionOf, splitScope, type CommonOptions } from "../../options.ts";
import { leaf } from "../leaf.ts";
import { ensureWorker } from "./background.ts";
import { openDesk, type Desk } from "./desk.ts";
import { finishRollout } from "./follow.ts";

interface RolloutOptions extends CommonOptions {
  readonly tenant: readonly string[];
  readonly strategy: string;
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly detach?: boolean;
  readonly whenBusy: WhenBusy;
  readonly acceptIrreversible?: boolean;
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
    .option(
      "--strategy <strategy>",
      "how to roll out: a file in strategies/, or a built-in one",
      "blue-green",
    )
    .option("--force", "also tenants that run this release already")
    .option("--accept-irreversible", "also where a migration leaves no way back")
    .addOption(
      new Option("--when-busy <what>", "where another rollout is at work: wait, end, or abort it and follow")
        .choices(["queue", "refuse", "replace"])
        .default("queue"),
    )
    .option("--detach", "print the rollout's id and leave it to a worker in the background")
    .option("--dry-run", "print the plan and do nothing");
}

/** `lotse deploy ENV --release ID` */
export function addDeploy(program: Command, context: Context): void {
  withRollout(leaf(program, "deploy", "roll out a release, tenant after tenant, and undo it where it fails"))
    .argument("<env>", "environment, or environment:tenant")
    .requiredOption("--release <release>", "id, its first six or more digits, or version")
    .addHelpText(
      "after",
      `
A tenant that fails keeps, or gets back, what it ran before; the tenants after it are not touched, and the exit
status is 1. The first Ctrl-C undoes the tenant at work, a second one leaves that to the background. Whatever
happens to this process, a worker goes on where it was: see docs/engine.md.

Examples:
  lotse deploy staging --release 1.4.0
  lotse deploy prod --release 1.4.0 --strategy canary --detach
  lotse deploy prod --release 1.4.0 --tenant nordlicht-records --tenant radio-alpenglow --dry-run`,
    )
    .action(async (scope: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<RolloutOptions & { release: string }>();
      await roll(context, wantedOf(scope, options, "deploy", options.release), options);
    });
}

/** `lotse rollback ENV --to RELEASE` */
export function addRollback(program: Command, context: Context): void {
  withRollout(leaf(program, "rollback", "go back to a release, byte for byte, whatever the files say now"))
    .argument("<env>", "environment, or environment:tenant")
    .option("--to <release>", "id, its first six or more digits, or version; the one before if left out")
    .option("--to-version <version>", "the same as --to")
    .addHelpText("after", "\nExample:\n  lotse rollback prod --to v1.2.3 --tenant nordlicht-records")
    .action(async (scope: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<RolloutOptions & { to?: string; toVersion?: string }>();
      await roll(context, wantedOf(scope, options, "rollback", options.to ?? options.toVersion), options);
    });
}

function wantedOf(
  scope: string,
  options: RolloutOptions,
  kind: WantedRollout["kind"],
  release: string | undefined,
): WantedRollout {
  const { environment, tenant } = splitScope(scope);
  return {
    environment,
    release,
    kind,
    tenants: tenant === undefined ? options.tenant : [tenant, ...options.tenant],
    strategy: options.strategy,
    force: options.force,
    acceptIrreversible: options.acceptIrreversible,
  };
}

async function roll(context: Context, wanted: WantedRollout, options: RolloutOptions): Promise<void> {
  // Without a shared database, planning needs none at all.
  if (options.dryRun === true && !hasSharedDatabase(context)) return showPlan(context, wanted, options);
  const worker = options.detach !== true && options.dryRun !== true;
  const opening = openDesk(context, { ...options, worker });
  // Hosts are asked while the database is opened, unless it is the database that says what is there.
  const early = hasSharedDatabase(context) ? undefined : requested(context, wanted, options);
  early?.catch(() => undefined);
  const desk = await opening;
  try {
    if (options.dryRun === true) return await showPlan(context, wanted, options, desk);
    const { request } = await (early ?? requested(context, wanted, options, desk));
    await desk.share(request.release.id);
    await handOver(desk, request, options.whenBusy);
    await desk.engine.working;
    if (options.detach !== true) return await finishRollout(context, desk, request.id, options.output);
    await ensureWorker(desk);
    const value = { rollout: request.id };
    // Whoever asks for it goes on with the id, so it is JSON unless another form is wanted.
    printResult(context, options.output ?? "json", { value, table: () => `${request.id}\n` });
  } finally {
    await desk.engine.close();
  }
}

function hasSharedDatabase({ variables }: Context): boolean {
  return (variables["DATABASE_URL"] ?? "") !== "";
}

/** The workspace's log tells that it was handed over; the database's log tells what became of it. */
async function handOver(
  { session, rollouts }: Desk,
  request: RolloutRequest,
  whenBusy: WhenBusy,
): Promise<void> {
  const access = {
    action: "rollout.request",
    object: request.id,
    scope: { environment: request.environment },
    version: request.release.version,
    fingerprint: request.release.id,
    details: { kind: request.kind, tenants: request.tenants.length },
  };
  await session.recorder.change(access, () =>
    rollouts.startRollout(request, { actor: session.actor, whenBusy }),
  );
}

async function requested(
  context: Context,
  wanted: WantedRollout,
  options: RolloutOptions,
  desk?: Desk,
): Promise<RequestedRollout> {
  const made = await rolloutRequest(sessionOf(context, options), wanted, desk?.records);
  for (const warning of made.warnings) context.err(`${context.stderrColours.yellow("warning")} ${warning}\n`);
  return made;
}

async function showPlan(
  context: Context,
  wanted: WantedRollout,
  options: RolloutOptions,
  desk?: Desk,
): Promise<void> {
  const { request } = await requested(context, wanted, options, desk);
  const session = sessionOf(context, options);
  const plans: readonly TenantPlan[] = await dryRun(session, request, desk?.records);
  await session.recorder.read({
    action: "rollout.plan",
    object: request.id,
    scope: { environment: request.environment },
    version: request.release.version,
    fingerprint: request.release.id,
  });
  const value = printedPlan(request, plans);
  printResult(context, options.output ?? "table", { value, table: () => planText(request, plans) });
}
