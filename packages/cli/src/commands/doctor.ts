import { resolve } from "node:path";
import type { Command } from "commander";
import { examineMachine } from "@lotse/core/app/workspace";
import type { PrintedDoctor } from "@lotse/core/contract";
import { exitStatuses, systemExec } from "@lotse/core/kernel";
import type { Context } from "../context.ts";
import { printResult } from "../output/result.ts";
import { table } from "../output/table.ts";
import type { CommonOptions } from "../options.ts";
import { ExitWith, leaf } from "./leaf.ts";

/** `lotse doctor` */
export function addDoctor(parent: Command, context: Context): void {
  leaf(parent, "doctor", "tell what is missing on this machine and how to get it").action(
    async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>();
      const checks = await examineMachine(resolve(context.cwd, options.directory ?? "."), systemExec);
      const ok = checks.every(({ status }) => status !== "missing");
      const value: PrintedDoctor = { ok, checks: checks.map((check) => ({ ...check })) };
      printResult(context, options.output ?? "table", {
        value,
        table: (colours) =>
          table(
            ["", "CHECK", "FOUND", "TO DO"],
            checks.map(({ name, status, found, hint }) => [
              status === "ok" ? colours.green("ok") : colours.red(status),
              name,
              found,
              hint ?? "",
            ]),
          ),
      });
      if (!ok) throw new ExitWith(exitStatuses.machine);
    },
  );
}
