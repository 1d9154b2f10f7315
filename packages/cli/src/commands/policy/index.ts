import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { addCheck } from "./check.ts";
import { addDiff } from "./diff.ts";
import { addExplain } from "./explain.ts";
import { addExport } from "./export.ts";
import { addReport } from "./report.ts";

/** `lotse policy …` */
export function addPolicy(parent: Command, context: Context): void {
  const policy = parent.command("policy").description("judge environments, compare, explain and report");
  const version = parent.version() ?? "";
  addCheck(policy, context, version);
  addDiff(policy, context);
  addExplain(policy, context);
  addReport(policy, context, version);
  addExport(policy, context, version);
}
