import type { Command } from "commander";
import { listSecrets } from "@lotse/core/app";
import type { Context } from "../../context.ts";
import { printResult } from "../../output/result.ts";
import { table } from "../../output/table.ts";
import { leaf } from "../leaf.ts";
import { secretScope, withSecretScope, type SecretScopeOptions } from "./scope.ts";

/** `lotse secrets list ENV` */
export function addList(parent: Command, context: Context): void {
  withSecretScope(leaf(parent, "list", "list a scope's secrets: names, versions and dates, never values"))
    .addHelpText("after", "\nNeeds no key.\n\nExample:\n  lotse secrets list prod --tenant nordlicht-records")
    .action(async (environment: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<SecretScopeOptions>();
      const { session, scope } = secretScope(context, environment, options);
      const secrets = await listSecrets(session, scope);
      printResult(context, options.output ?? "table", {
        value: secrets.map((secret) => ({ ...secret })),
        table: () =>
          secrets.length === 0
            ? `no secret yet: lotse secrets set ${scope.environment} NAME\n`
            : table(
                ["NAME", "VERSION", "CHANGED", "BY", "FILE"],
                secrets.map((secret) => [
                  secret.name,
                  String(secret.version),
                  secret.changedAt,
                  secret.changedBy,
                  `${secret.file}${secret.incoming ? " (beside)" : ""}${secret.encrypted ? "" : " (not encrypted)"}`,
                ]),
              ),
      });
    });
}
