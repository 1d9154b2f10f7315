import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { printResult } from "../../output/result.ts";
import { table } from "../../output/table.ts";
import { sessionOf, type CommonOptions } from "../../options.ts";
import { leaf } from "../leaf.ts";

/** `lotse audit erase SUBJECT` */
export function addErase(parent: Command, context: Context): void {
  leaf(parent, "erase", "forget a person's data; every proof stays valid")
    .argument("<subject>", "the id of the actor, or of the person an entry is about")
    .addHelpText(
      "after",
      `
The entries hold a salted commitment in place of the person; with its salt gone nobody can tell whose it was.

Example:
  lotse audit erase ada`,
    )
    .action(async (subject: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>();
      const session = sessionOf(context, options);
      const { actor, request } = session.recorder;
      const log = await session.log.open();
      // Also for somebody whom the log does not know; the name itself must not come back by this entry.
      const value = await session.recorder.change({ action: "audit.erase", object: "subject" }, () =>
        log.erase(subject, { actor, request }),
      );
      printResult(context, options.output ?? "table", {
        value,
        table: () => `${JSON.stringify(value)}\n`,
      });
    });
}

/** `lotse audit restart` */
export function addRestart(parent: Command, context: Context): void {
  leaf(parent, "restart", "begin a new log where the old one was removed or is damaged; the old one is kept")
    .requiredOption("--reason <text>", "why, for whoever reads the new log")
    .addHelpText(
      "after",
      `
A log that was removed on purpose, as with .lotse, is begun anew by this; so is that of a workspace that was
copied with its .lotse, which must not go on as the log of the original. What is left of the old log and of its
witnesses on this machine is put aside as evidence. Witnesses elsewhere go on telling that there was another.

Example:
  lotse audit restart --reason "removed .lotse to free the disk"`,
    )
    .action(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { reason: string }>();
      const session = sessionOf(context, options);
      const kept = await session.log.restart();
      await session.recorder.read({
        action: "audit.restart",
        object: "log",
        details: { reason: options.reason.slice(0, 500), kept: kept.length },
      });
      printResult(context, options.output ?? "table", {
        value: { kept: [...kept] },
        table: () => kept.map((path) => `kept ${path}\n`).join("") || "there was no log before\n",
      });
    });
}

/** `lotse audit retention` */
export function addRetention(parent: Command, context: Context): void {
  leaf(parent, "retention", "drop the content of entries that are older than their environment's term")
    .option("--apply", "do it; without this the plan is shown")
    .addHelpText(
      "after",
      `
The terms stand in lotse.yml under audit.retention-days. The hash of a dropped entry stays, so that the log
still verifies.

Example:
  lotse audit retention --apply`,
    )
    .action(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { apply?: boolean }>();
      const session = sessionOf(context, options);
      const { actor, request } = session.recorder;
      const log = await session.log.open();
      const terms = session.engine.workspace.audit["retention-days"];
      const plan = await log.planRetention({ environments: terms });
      const apply = options.apply === true && plan.entries > 0;
      if (apply) await session.recorder.own(() => log.applyRetention(plan, { actor, request }));
      else await session.recorder.read({ action: "audit.retention", object: "plan" });
      printResult(context, options.output ?? "table", {
        value: { ...plan, applied: apply },
        table: () =>
          plan.entries === 0
            ? "no entry is older than its term\n"
            : `${table(
                ["ENVIRONMENT", "OLDER THAN", "ENTRIES"],
                plan.groups.map((group) => [group.environment ?? "-", group.before, String(group.entries)]),
              )}${apply ? "dropped\n" : "to drop them: lotse audit retention --apply\n"}`,
      });
    });
}
