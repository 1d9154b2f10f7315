import type { Command } from "commander";
import { pruneReleases, type PruneResult } from "@lotse/core/app";
import type { PrintedReleasePrune } from "@lotse/core/contract";
import { LotseError } from "@lotse/core/kernel";
import type { Release } from "@lotse/core/release";
import type { Context } from "../../context.ts";
import { sessionOf, type CommonOptions } from "../../options.ts";
import { printResult } from "../../output/result.ts";
import { table } from "../../output/table.ts";
import { leaf } from "../leaf.ts";

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
      const result = await pruneReleases(sessionOf(context, options), { keep, dryRun });
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
