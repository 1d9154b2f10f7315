/**
 * Writes variables for `EnvironmentFile=` of systemd: in double quotes every character stands for itself but
 * `"`, `\`, `` ` `` and `$`, which take a backslash; line ends may stand in them.
 * https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#EnvironmentFile=
 *
 * @param variables - names that {@link checkVariables} accepts; values without zero bytes
 */
export function formatEnvFile(variables: Readonly<Record<string, string>>): string {
  return Object.keys(variables)
    .sort()
    .map((name) => `${name}="${(variables[name] ?? "").replaceAll(/["\\`$]/gu, "\\$&")}"\n`)
    .join("");
}

/**
 * The lines of secret values that output is searched for; shorter ones would hide ordinary text.
 */
export function formatSecretLines(values: readonly string[]): string {
  const lines = values.flatMap((value) => value.split(/\r?\n/u)).filter((line) => line.length > 3);
  // The longest first, so that one that is part of another leaves nothing of it.
  const ordered = [...new Set(lines)].sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
  return ordered.map((line) => `${line}\n`).join("");
}
