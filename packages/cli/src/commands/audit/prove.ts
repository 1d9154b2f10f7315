import type { Command } from "commander";
import { formatProof } from "@lotse/core/audit";
import type { Context } from "../../context.ts";
import { printResult } from "../../output/result.ts";
import type { CommonOptions } from "../../options.ts";
import { leaf } from "../leaf.ts";
import { numberOf } from "./log.ts";
import { openForReading } from "./open.ts";

/** `lotse audit prove INDEX` */
export function addProve(parent: Command, context: Context): void {
  leaf(parent, "prove", "print a proof that an entry is in the log, or that the log only grew")
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
    .action(async (index: string | undefined, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { consistency?: string }>();
      const object = index === undefined ? "consistency" : `entry ${index}`;
      const log = await openForReading(context, options, "audit.prove", object);
      if (index === undefined) {
        const size = (await log.checkpoint())?.size ?? 0;
        const proof = await log.proveConsistency(numberOf(options.consistency ?? "0", "--consistency"), size);
        const value = { ...proof, hashes: [...proof.hashes] };
        printResult(context, options.output ?? "json", { value, table: () => `${JSON.stringify(value)}\n` });
        return;
      }
      const proof = await log.prove(numberOf(index, "the index"));
      printResult(context, options.output ?? "table", { value: proof, table: () => formatProof(proof) });
    });
}
