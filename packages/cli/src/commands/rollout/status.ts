import type { Command } from "commander";
import { statusOf, type TenantStatus } from "@lotse/core/app";
import type { PrintedStatus } from "@lotse/core/contract";
import type { RolloutStatus } from "@lotse/engine";
import type { Context } from "../../context.ts";
import { printedRollout, rolloutsText, statusText } from "../../output/rollout.ts";
import { printResult } from "../../output/result.ts";
import { table } from "../../output/table.ts";
import { sessionOf, type CommonOptions } from "../../options.ts";
import { leaf } from "../leaf.ts";
import { keepWorker } from "./background.ts";
import { openDesk, type Desk } from "./desk.ts";
import { follow } from "./follow.ts";

interface StatusOptions extends CommonOptions {
  readonly tenant: readonly string[];
  readonly watch?: boolean;
  readonly rollouts?: boolean;
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** What ids of rollouts look like; no environment may be called so. */
const rolloutId = /^\d{8}T\d{6}Z-[0-9a-f]{6}$/u;

/** `lotse status [ENV | ROLLOUT]` */
export function addStatus(program: Command, context: Context): void {
  leaf(program, "status", "show what runs where, or how a rollout goes on")
    .argument("[what]", "environment, or the id of a rollout; all environments if left out")
    .option("-t, --tenant <tenant>", "only this tenant; may be repeated", collect, [])
    .option("--watch", "with a rollout: tell what happens until it has ended")
    .option("--rollouts", "the rollouts that are under way, instead of what runs")
    .addHelpText(
      "after",
      `
Examples:
  lotse status prod
  lotse status --rollouts
  lotse status 20261121T093805Z-1a2b3c --watch`,
    )
    .action(async (what: string | undefined, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<StatusOptions>();
      if (what !== undefined && rolloutId.test(what)) return showRollout(context, what, options);
      if (options.rollouts === true) return showOpen(context, what, options);
      await showTenants(context, what, options);
    });
}

async function showRollout(context: Context, id: string, options: StatusOptions): Promise<void> {
  const desk = await openDesk(context, { ...options, worker: false });
  try {
    const status =
      options.watch === true ? await watchRollout(context, desk, id) : await desk.rollouts.status(id);
    printResult(context, options.output ?? "table", {
      value: printedRollout(status),
      table: (colours) => statusText(status, colours),
    });
  } finally {
    await desk.engine.close();
  }
}

async function watchRollout(context: Context, desk: Desk, id: string): Promise<RolloutStatus> {
  const over = new AbortController();
  const keeping = keepWorker(desk, AbortSignal.any([over.signal, context.signal]), context.err);
  // Watching fails by itself where the database is away for good.
  keeping.catch(() => undefined);
  try {
    return await follow(context, desk, id, context.signal);
  } finally {
    over.abort();
    await keeping.catch(() => undefined);
  }
}

async function showOpen(
  context: Context,
  environment: string | undefined,
  options: StatusOptions,
): Promise<void> {
  const session = sessionOf(context, options);
  const name = environment === undefined ? undefined : session.engine.environment(environment);
  const desk = await openDesk(context, { ...options, worker: false });
  try {
    const open = await desk.rollouts.open(name);
    printResult(context, options.output ?? "table", {
      value: open.map(printedRollout),
      table: () => rolloutsText(open),
    });
  } finally {
    await desk.engine.close();
  }
}

async function showTenants(
  context: Context,
  environment: string | undefined,
  options: StatusOptions,
): Promise<void> {
  const value = (await tenantsOf(context, environment, options)).map(printedStatus);
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
}

/** The records of a shared database are there; those of the embedded one's workspaces are files. */
async function tenantsOf(
  context: Context,
  environment: string | undefined,
  options: StatusOptions,
): Promise<readonly TenantStatus[]> {
  const session = sessionOf(context, options);
  if ((session.variables["DATABASE_URL"] ?? "") === "")
    return await statusOf(session, environment, options.tenant);
  const desk = await openDesk(context, { ...options, worker: false });
  try {
    return await statusOf(session, environment, options.tenant, desk.records.deployments);
  } finally {
    await desk.engine.close();
  }
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
    // Who counts is of use to who compares two looks.
    colours: state.colours.map(({ countedBy: _counters, detail, ...colour }) => ({
      ...colour,
      detail: { ...detail },
    })),
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
