import { checkVariables, revealValue, unrepresentable, type InjectedVariable } from "./variable.ts";

/** Variables of a process, as Node has them. */
export type ProcessEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * Variables that open what Lotse keeps. A program that Lotse starts gets the values it is meant to have, so it
 * does not inherit the keys to all others. Cloud credentials (`AWS_*` and the like) are left alone, since
 * programs use them for themselves.
 *
 * | pattern | opens |
 * |---|---|
 * | `SOPS_AGE_*` | age and SSH identities: key, key file, key command |
 * | `SOPS_*KEY*`, `SOPS_*PASS*` | what later sops versions add of that kind |
 * | `AGE_*KEY*`, `AGE_*PASS*`, `AGE_*IDENTITY*` | identities of age and its plugins |
 * | `VAULT_TOKEN`, `VAULT_ROLE_ID`, `VAULT_SECRET_ID`, `VAULT_CLIENT_KEY`, `BAO_TOKEN`, … | Vault and OpenBao |
 * | `LOTSE_*` with KEY, TOKEN, PASS, PIN, IDENTITY or SECRET in it | Lotse's own keys |
 *
 * @see https://getsops.io/docs/#encrypting-using-age
 * @see https://developer.hashicorp.com/vault/docs/commands#environment-variables
 */
const keyVariables: readonly RegExp[] = [
  /^SOPS_AGE_/u,
  /^SOPS_.*(?:KEY|PASS)/u,
  /^AGE_.*(?:KEY|PASS|IDENTITY)/u,
  /^(?:VAULT|BAO)_(?:TOKEN|ROLE_ID|SECRET_ID|CLIENT_KEY|WRAP_TOKEN)$/u,
  /^LOTSE_.*(?:KEY|TOKEN|PASS|PIN|IDENTITY|SECRET)/u,
];

/** What a program needs to run at all, where nothing else is inherited. */
const basics = /^(?:PATH|HOME|USER|LOGNAME|SHELL|TERM|TZ|TMPDIR|LANG|LC_[A-Z]+)$/u;

/** A Linux kernel takes at most this many bytes for `NAME=VALUE` and the NUL after it (`MAX_ARG_STRLEN`). */
const maxEntryBytes = 131_072;

/** Whether a variable opens what Lotse keeps, so that programs must not inherit it. */
export function isKeyVariable(name: string): boolean {
  return keyVariables.some((pattern) => pattern.test(name));
}

/**
 * What a child process inherits: all but the variables that open Lotse's secrets, or only `PATH`, `HOME`,
 * locale and the like.
 */
export function inheritedEnvironment(parent: ProcessEnvironment, clean: boolean): Record<string, string> {
  const inherited: Record<string, string> = {};
  for (const [name, value] of Object.entries(parent)) {
    if (value === undefined || isKeyVariable(name) || (clean && !basics.test(name))) continue;
    inherited[name] = value;
  }
  return inherited;
}

/**
 * Puts variables over an environment. A variable that is injected is there even if its name is one that would
 * not be inherited: an application may have a `VAULT_TOKEN` of its own.
 *
 * @throws LotseError `secret.name`; `secret.unrepresentable` for NUL and for more than 128 KiB
 */
export function withVariables(
  inherited: Readonly<Record<string, string>>,
  variables: readonly InjectedVariable[],
): Record<string, string> {
  checkVariables(variables);
  const environment = { ...inherited };
  for (const variable of variables) {
    const value = revealValue(variable);
    if (Buffer.byteLength(value) + variable.name.length + 2 > maxEntryBytes) {
      throw unrepresentable(variable, "is too long for an environment variable", "hand it over as a file");
    }
    environment[variable.name] = value;
  }
  return environment;
}
