import type { Command } from "commander";
import { formatProof, type AuditLog } from "@lotse/core/audit";
import type { Context } from "../../context.ts";
import { printResult } from "../../output/result.ts";
import { leaf } from "../leaf.ts";
import { numberOf } from "./log.ts";
import { withLog, type LogOptions } from "./logs.ts";
import { readLog } from "./open.ts";

interface ProveOptions extends LogOptions {
  readonly consistency?: string;
}

/** `lotse audit prove INDEX` */
export function addProve(parent: Command, context: Context): void {
  const command = leaf(
    parent,
    "prove",
    "print a proof that an entry is in the log, or that the log only grew",
  );
  withLog(command, ["workspace", "database"], "workspace")
    .argument("[index]", "the entry, from 0")
    .option("--consistency <size>", "prove that the log of this size is the beginning of the present one")
    .addHelpText(
      "after",
      `
Whoever has the log's public key checks the proof of an entry with: lotse audit verify --proof FILE --key KEY

Examples:
  lotse audit prove 12 > entry-12.proof
  lotse audit prove --consistency 100 -o json`,
    )
    .action(async (index: string | undefined, _: unknown, called: Command) => {
      const options = called.optsWithGlobals<ProveOptions>();
      const object = index === undefined ? "consistency" : `entry ${index}`;
      await readLog(context, options, "audit.prove", object, (log) =>
        index === undefined ? proveGrowth(context, log, options) : proveEntry(context, log, index, options),
      );
    });
}

async function proveGrowth(context: Context, log: AuditLog, options: ProveOptions): Promise<void> {
  const size = (await log.checkpoint())?.size ?? 0;
  const proof = await log.proveConsistency(numberOf(options.consistency ?? "0", "--consistency"), size);
  const value = { ...proof, hashes: [...proof.hashes] };
  printResult(context, options.output ?? "json", { value, table: () => `${JSON.stringify(value)}\n` });
}

async function proveEntry(
  context: Context,
  log: AuditLog,
  index: string,
  options: ProveOptions,
): Promise<void> {
  const proof = await log.prove(numberOf(index, "the index"));
  printResult(context, options.output ?? "table", { value: proof, table: () => formatProof(proof) });
}
