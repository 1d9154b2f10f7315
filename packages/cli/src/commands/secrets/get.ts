import type { Command } from "commander";
import { openSecret } from "@lotse/core/app";
import type { Context } from "../../context.ts";
import { leaf } from "../leaf.ts";
import { secretScope, withSecretScope, type SecretScopeOptions } from "./scope.ts";

/** `lotse secrets get ENV NAME` */
export function addGet(parent: Command, context: Context): void {
  withSecretScope(leaf(parent, "get", "print one secret; who read it is in the audit log before it is shown"))
    .argument("<name>", "such as spotify.api_key")
    .addHelpText(
      "after",
      `
Prints the value alone, without a line break when it goes to a file or pipe.

Examples:
  lotse secrets get prod spotify.api_key --tenant nordlicht-records
  lotse secrets get prod:nordlicht-records postgresql.password -o json`,
    )
    .action(async (environment: string, name: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<SecretScopeOptions>();
      const { session, scope } = secretScope(context, environment, options);
      const secret = await openSecret(session, scope, name);
      const { file, version, fingerprint } = secret;
      // The one place where a secret is meant to be seen.
      const value = secret.value.reveal();
      if (options.output === "json") {
        context.reveal(`${JSON.stringify({ name, value, version, file, fingerprint }, null, 2)}\n`);
      } else context.reveal(process.stdout.isTTY ? `${value}\n` : value);
    });
}
