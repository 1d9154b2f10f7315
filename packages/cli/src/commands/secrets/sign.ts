import type { Command } from "commander";
import { secretLayerOfFile, signFile, signingKeyOf } from "@lotse/core/app";
import type { Context } from "../../context.ts";
import { printResult } from "../../output/result.ts";
import { sessionOf, type CommonOptions } from "../../options.ts";
import { leaf } from "../leaf.ts";
import { inWorkspace } from "./recipients.ts";

/** `lotse secrets sign FILE` */
export function addSign(parent: Command, context: Context): void {
  leaf(parent, "sign", "sign a secret file as it is now, after sops or a merge changed it")
    .argument("<file>", "a secret file of the workspace")
    .addHelpText(
      "after",
      "\nLook at `git diff` first: the signature says that the file belongs here.\n\nExample:\n  lotse secrets sign environments/prod/secrets/prod.yml",
    )
    .action(async (file: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>();
      const session = sessionOf(context, options);
      const layer = secretLayerOfFile(session, inWorkspace(context, session, file, options));
      const version = await signFile(session, layer);
      printResult(context, options.output ?? "table", {
        value: { file: layer.file, version },
        table: () => `${layer.file}: signed as version ${version}\n`,
      });
    });
}

/** `lotse secrets signer` */
export function addSigner(parent: Command, context: Context): void {
  leaf(parent, "signer", "print your public signing key, for secrets.signers in lotse.yml")
    .addHelpText(
      "after",
      "\nThe key is made when there is none; the private half stays in your configuration directory.\n\nExample:\n  lotse secrets signer",
    )
    .action(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>();
      const { publicKey } = await signingKeyOf(context.variables);
      printResult(context, options.output ?? "table", {
        value: { key: publicKey },
        table: () => `${publicKey}\n`,
      });
    });
}
