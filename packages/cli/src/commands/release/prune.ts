import { existsSync } from "node:fs";
import type { Command } from "commander";
import { pruneReleases, releasesInUse, type PruneResult } from "@lotse/core/app";
import type { PrintedReleasePrune } from "@lotse/core/contract";
import { LotseError } from "@lotse/core/kernel";
import type { Release } from "@lotse/core/release";
import type { Context } from "../../context.ts";
import { sessionOf, type CommonOptions } from "../../options.ts";
import { printResult } from "../../output/result.ts";
import { table } from "../../output/table.ts";
import { leaf } from "../leaf.ts";
import { openDesk } from "../rollout/desk.ts";

interface PruneOptions extends CommonOptions {
  readonly keep?: number;
  readonly dryRun?: boolean;
}

/** `lotse release prune` */
export function addPrune(parent: Command, context: Context): void {
  leaf(parent, "prune", "remove old releases, and what only they held")
    .option("--keep <count>", "how many of the newest stay; app.keep if left out", countOf)
    .option("--dry-run", "tell what would go, and remove nothing")
    .addHelpText(
      "after",
      `
What is deployed anywhere stays, and so does what a tenant would go back to, and what a rollout under way names.`,
    )
    .action(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<PruneOptions>();
      const { keep, dryRun } = options;
      const inUse = (): Promise<ReadonlySet<string>> => namedByRollouts(context, options);
      const result = await pruneReleases(sessionOf(context, options), { keep, dryRun, inUse });
      printResult(context, options.output ?? "table", {
        value: printed(result),
        table: () => pruneText(result),
      });
    });
}

function countOf(text: string): number {
  const count = Number(text);
  if (/^\d{1,6}$/u.test(text) && count >= 1) return count;
  throw new LotseError({
    code: "usage.argument",
    message: `--keep ${JSON.stringify(text.slice(0, 40))} is not a number of releases`,
    hint: "give a number from 1 to 999999",
  });
}

/**
 * The releases that rollouts under way name, and what the records of a shared database say is deployed. Where no
 * rollout was ever handed over there is no database, and none is started.
 *
 * @throws LotseError `database.*`: nobody knows then what is needed
 */
async function namedByRollouts(context: Context, options: PruneOptions): Promise<ReadonlySet<string>> {
  const session = sessionOf(context, options);
  const { variables, directory } = session;
  const lib = await import("@lotse/engine");
  const place =
    variables["LOTSE_POSTGRES_DIR"] || lib.defaultServerDirectory(directory, process.getuid?.() === 0);
  if (!variables["DATABASE_URL"] && !existsSync(place)) return new Set();
  const desk = await openDesk(context, { ...options, worker: false });
  try {
    const open = await desk.rollouts.open();
    const { deployments } = desk.records;
    const recorded = deployments === undefined ? [] : await releasesInUse(session, deployments);
    return new Set(
      [
        ...recorded,
        ...open.flatMap(({ release, tenants }) => [
          release.id,
          ...tenants.flatMap(({ from, to }) => [from?.release, to?.release]),
        ]),
      ].filter((id) => id !== undefined),
    );
  } finally {
    await desk.engine.close();
  }
}

const named = ({ id, version }: Release): { id: string; version: string } => ({ id, version });

function printed({ plan, swept }: PruneResult): PrintedReleasePrune {
  return {
    dryRun: swept === null,
    removed: plan.removed.map(named),
    kept: plan.kept.map(({ release, because }) => ({ ...named(release), because })),
    files: swept?.files ?? null,
    bytes: swept?.bytes ?? null,
  };
}

function pruneText({ plan, swept }: PruneResult): string {
  const rows = [
    ...plan.kept.map(({ release, because }) => [
      release.version,
      release.id.slice(0, 12),
      because === "in-use" ? "kept, in use" : "kept",
    ]),
    ...plan.removed.map((release) => [
      release.version,
      release.id.slice(0, 12),
      swept === null ? "would go" : "removed",
    ]),
  ];
  const total = swept === null ? "" : `${swept.files} files removed, ${swept.bytes} bytes\n`;
  return `${rows.length === 0 ? "no release yet: lotse release create\n" : table(["VERSION", "ID", ""], rows)}${total}`;
}
