import type { Command } from "commander";
import { exitStatuses } from "@lotse/core/kernel";
import type { Context } from "../../context.ts";
import { printResult } from "../../output/result.ts";
import { sessionOf, type CommonOptions } from "../../options.ts";
import { ExitWith, leaf } from "../leaf.ts";

/** `lotse audit anchor` */
export function addAnchor(parent: Command, context: Context): void {
  leaf(parent, "anchor", "tell every witness how far the log is, and print its checkpoint and key")
    .addHelpText(
      "after",
      `
Witnesses stand in lotse.yml under audit.witnesses. A witness takes only what continues the history it knows.

Example:
  lotse audit anchor -o json`,
    )
    .action(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>();
      const session = sessionOf(context, options);
      await session.recorder.read({ action: "audit.anchor", object: "log" });
      const log = await session.log.open();
      const witnesses = (await log.anchor()).map(({ witness, ok, size, error }) => ({
        witness,
        ok,
        size,
        error: error === null ? null : { code: error.code, message: error.message },
      }));
      const checkpoint = await log.checkpoint();
      const ok = witnesses.every((witness) => witness.ok);
      const value = {
        ok,
        size: checkpoint?.size ?? 0,
        key: await log.publicKey(),
        checkpoint: checkpoint?.note ?? null,
        witnesses,
      };
      printResult(context, options.output ?? "table", {
        value,
        table: () =>
          [
            value.checkpoint ?? "the log is empty\n",
            `key ${value.key ?? "-"}\n`,
            ...witnesses.map(
              ({ witness, size, error }) =>
                `witness ${witness}: ${error === null ? `remembers ${size ?? 0} entries` : error.message}\n`,
            ),
          ].join("\n"),
      });
      if (!ok) throw new ExitWith(exitStatuses.findings);
    });
}
