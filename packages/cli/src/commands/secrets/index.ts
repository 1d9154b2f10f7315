import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { addExec } from "../exec.ts";
import { addEdit } from "./edit.ts";
import { addExport } from "./export.ts";
import { addDecrypt, addEncrypt } from "./files.ts";
import { addGet } from "./get.ts";
import { addList } from "./list.ts";
import { addDiff, addMerge } from "./merge.ts";
import { addAddRecipient, addRekey, addRemoveRecipient } from "./recipients.ts";
import { addScan } from "./scan.ts";
import { addRemove, addSet } from "./set.ts";
import { addGitSetup, addInit } from "./setup.ts";
import { addSign, addSigner } from "./sign.ts";
import { addVerify } from "./verify.ts";

/** `lotse secrets …` */
export function addSecrets(program: Command, context: Context): void {
  const secrets = program.command("secrets").description("keep, change, hand on and check secrets");
  addInit(secrets, context);
  addGet(secrets, context);
  addSet(secrets, context);
  addRemove(secrets, context);
  addList(secrets, context);
  addEdit(secrets, context);
  addExec(secrets, context);
  addExport(secrets, context);
  addEncrypt(secrets, context);
  addDecrypt(secrets, context);
  addRekey(secrets, context);
  addAddRecipient(secrets, context);
  addRemoveRecipient(secrets, context);
  addVerify(secrets, context);
  addSign(secrets, context);
  addSigner(secrets, context);
  addScan(secrets, context);
  addDiff(secrets, context);
  addMerge(secrets, context);
  addGitSetup(secrets, context);
}
