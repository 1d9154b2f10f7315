import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { addAnchor } from "./anchor.ts";
import { addErase, addRestart, addRetention } from "./forget.ts";
import { addExport } from "./export.ts";
import { addLog, addShow } from "./log.ts";
import { addProve } from "./prove.ts";
import { addVerify } from "./verify.ts";

/** `lotse audit …` */
export function addAudit(program: Command, context: Context): void {
  const audit = program
    .command("audit")
    .description("the log of every access: read it, check it, prove what is in it");
  addLog(audit, context);
  addShow(audit, context);
  addVerify(audit, context);
  addProve(audit, context);
  addExport(audit, context);
  addAnchor(audit, context);
  addErase(audit, context);
  addRetention(audit, context);
  addRestart(audit, context);
}
