import type { Command } from "commander";
import { diffReleases, isSameRelease, type ReleaseDiff } from "@lotse/core/app";
import type { Context } from "../../context.ts";
import { sessionOf, type CommonOptions } from "../../options.ts";
import { printResult } from "../../output/result.ts";
import { leaf } from "../leaf.ts";
import { diffText } from "./diff-text.ts";

interface DiffOptions extends CommonOptions {
  readonly environment?: string;
  readonly tenant?: string;
}

/** `lotse release diff FROM TO` */
export function addDiff(parent: Command, context: Context): void {
  leaf(parent, "diff", "show what differs between two releases: code, configuration, secret versions, files")
    .argument("<from>", "id, its first six or more digits, or version")
    .argument("<to>", "the other one")
    .option("-e, --environment <env>", "only this environment")
    .option("-t, --tenant <tenant>", "only this tenant")
    .addHelpText("after", "\nExample:\n  lotse release diff 1.3.0 1.4.0 --environment prod")
    .action(async (from: string, to: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<DiffOptions>();
      const session = sessionOf(context, options);
      const { environment, tenant } = options;
      const diff = await diffReleases(
        session,
        { from, to },
        {
          ...(environment === undefined ? {} : { environment: session.engine.environment(environment) }),
          ...(tenant === undefined ? {} : { tenant }),
        },
      );
      printResult(context, options.output ?? "table", {
        value: printed(diff),
        table: (colours) => diffText(diff, colours),
      });
    });
}

function printed(diff: ReleaseDiff) {
  const { from, to, ...rest } = diff;
  const named = ({ id, version }: ReleaseDiff["from"]) => ({ id, version });
  return { same: isSameRelease(diff), from: named(from), to: named(to), ...rest };
}
