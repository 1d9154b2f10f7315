import type { Command } from "commander";
import { scopeOf, type Session } from "@lotse/core/app";
import type { Scope } from "@lotse/core/kernel";
import type { Context } from "../../context.ts";
import { sessionOf, splitScope, type CommonOptions } from "../../options.ts";

/** Options of commands on one scope's secrets. */
export interface SecretScopeOptions extends CommonOptions {
  readonly tenant?: string;
}

/** Adds the environment and `--tenant`. */
export function withSecretScope(command: Command): Command {
  return command
    .argument("<env>", "environment, or environment:tenant")
    .option("-t, --tenant <tenant>", "the tenant whose own secrets are meant");
}

/** The session and the scope that a command is about. @throws LotseError `config.unknown-*` */
export function secretScope(
  context: Context,
  environment: string,
  options: SecretScopeOptions,
): { readonly session: Session; readonly scope: Scope } {
  const session = sessionOf(context, options);
  const named = splitScope(environment);
  return { session, scope: scopeOf(session, named.environment, options.tenant ?? named.tenant) };
}
